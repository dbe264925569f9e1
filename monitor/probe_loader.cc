#include "monitor/probe_loader.h"

#include "monitor/probe_pins.h"
#include "store/log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

#include <bpf/bpf.h>
#include <fmt/format.h>

namespace dovewatch {

namespace {

// libbpf tells why a load failed in its messages alone; the first one is the cause.
std::string first_libbpf_message;

int keep_libbpf_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN || !first_libbpf_message.empty()) {
        return 0;
    }
    std::array<char, 512> message{};
    vsnprintf(message.data(), message.size(), format, arguments);
    first_libbpf_message = message.data();
    first_libbpf_message.erase(first_libbpf_message.find_last_not_of('\n') + 1);
    return 0;
}

tl::unexpected<Error> load_error(int code) {
    const int cause = code < 0 ? -code : code;
    std::string mend = "the kernel must be 5.13 or later, with BTF (CONFIG_DEBUG_INFO_BTF)";
    if (cause == EPERM || cause == EACCES) {
        mend = "run dovewatchd as root, or with CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_SYS_ADMIN";
    }
    return failed(fmt::format("cannot load the kernel probes: {} ({}); {}", std::strerror(cause),
                              first_libbpf_message, mend));
}

dw_setup setup_for(const ProbeOptions& options) {
    dw_setup setup{};
    setup.layout = DW_EVENT_LAYOUT;
    setup.ring_bytes = options.ring_bytes;
    setup.master_uid = options.master_uid;
    setup.titles_by_switch = options.titles_by_switch;
    const auto uids = std::min<std::size_t>(options.lda_uids.size(), DW_LDA_UIDS_MAX);
    setup.lda_uid_count = static_cast<__u32>(uids);
    std::copy_n(options.lda_uids.begin(), uids, setup.lda_uids);
    return setup;
}

bool are_alike(dw_setup one, const dw_setup& other) {
    one.ring_id = other.ring_id;
    return std::memcmp(&one, &other, sizeof(one)) == 0;
}

std::array<bpf_map*, 5> pinned_maps(const dovewatch_bpf& skeleton) {
    return {skeleton.maps.events, skeleton.maps.masters, skeleton.maps.processes, skeleton.maps.counters,
            skeleton.maps.setup};
}

Result<Skeleton> open_skeleton(const dw_setup& setup) {
    libbpf_set_print(keep_libbpf_message);
    Skeleton skeleton(dovewatch_bpf::open());
    if (!skeleton) {
        return load_error(errno);
    }
    skeleton->rodata->master_uid = setup.master_uid;
    skeleton->rodata->lda_uid_count = setup.lda_uid_count;
    std::copy(std::begin(setup.lda_uids), std::end(setup.lda_uids), skeleton->rodata->lda_uids);
    bpf_map__set_max_entries(skeleton->maps.events, static_cast<__u32>(setup.ring_bytes));
    return skeleton;
}

// Held beside their pins, so that the probes stay where somebody removes those.
Result<std::vector<ProbeLink>> open_pinned_links(const std::filesystem::path& pins) {
    std::vector<ProbeLink> links;
    for (const auto& path : link_pins(pins)) {
        ProbeLink link(bpf_link__open(path.c_str()));
        if (!link) {
            return failed(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
        }
        links.push_back(std::move(link));
    }
    return links;
}

// The pinned links go on as they are; only the maps are opened, and the title program for new libraries.
Result<LoadedProbes> take_over(const std::filesystem::path& pins, const dw_setup& pinned) {
    auto links = open_pinned_links(pins);
    if (!links) {
        return tl::make_unexpected(links.error());
    }
    auto skeleton = open_skeleton(pinned);
    if (!skeleton) {
        return tl::make_unexpected(skeleton.error());
    }
    for (auto* map : pinned_maps(**skeleton)) {
        bpf_map__set_pin_path(map, (pins / bpf_map__name(map)).c_str());
    }
    if (const int error = dovewatch_bpf::load(skeleton->get())) {
        return load_error(error);
    }
    LoadedProbes probes;
    probes.skeleton = std::move(*skeleton);
    for (auto& link : *links) {
        const bool is_of_library = is_library_pin(bpf_link__pin_path(link.get()));
        (is_of_library ? probes.library_links : probes.links).push_back(std::move(link));
    }
    probes.pins = pins;
    probes.ring_id = ring_id_text(pinned);
    return probes;
}

Result<LoadedProbes> attach_new(dw_setup& setup) {
    auto skeleton = open_skeleton(setup);
    if (!skeleton) {
        return tl::make_unexpected(skeleton.error());
    }
    if (const int error = dovewatch_bpf::load(skeleton->get())) {
        return load_error(error);
    }
    LoadedProbes probes;
    // Exit first: a process whose exec is seen must not be able to leave unseen.
    for (auto* program : {(*skeleton)->progs.on_exit, (*skeleton)->progs.on_exec}) {
        ProbeLink link(bpf_program__attach(program));
        if (!link) {
            return load_error(errno);
        }
        probes.links.push_back(std::move(link));
    }
    probes.skeleton = std::move(*skeleton);
    std::random_device random;
    setup.ring_id = (std::uint64_t{random()} << 32U) | random();
    probes.ring_id = ring_id_text(setup);
    return probes;
}

Result<ReplacedProbes> open_replaced(const std::filesystem::path& pins, const dw_setup& pinned) {
    UniqueFd events(bpf_obj_get((pins / "events").c_str()));
    if (!events) {
        return failed(fmt::format("cannot open {}: {}", (pins / "events").string(), std::strerror(errno)));
    }
    auto ring = EventRing::open(events.get());
    if (!ring) {
        return tl::make_unexpected(ring.error());
    }
    UniqueFd counters(bpf_obj_get((pins / "counters").c_str()));
    return open_pinned_links(pins).map([&](std::vector<ProbeLink>&& links) {
        return ReplacedProbes{pins,
                              std::move(links),
                              std::move(counters),
                              std::move(events),
                              std::move(*ring),
                              ring_id_text(pinned)};
    });
}

// The map `setup` is the last of the maps: it says that the rest is there.
bool pin(const LoadedProbes& probes, const std::filesystem::path& pins, const dw_setup& setup) {
    const __u32 key = 0;
    if (bpf_map_update_elem(bpf_map__fd(probes.skeleton->maps.setup), &key, &setup, BPF_ANY) != 0) {
        return false;
    }
    for (std::size_t i = 0; i < probes.links.size(); i++) { // in the order of attach_new
        if (bpf_link__pin(probes.links[i].get(), (pins / always_attached.at(i)).c_str()) != 0) {
            return false;
        }
    }
    const auto maps = pinned_maps(*probes.skeleton);
    return std::all_of(maps.begin(), maps.end(), [&](bpf_map* map) {
        return bpf_map__pin(map, (pins / bpf_map__name(map)).c_str()) == 0;
    });
}

std::optional<ReplacedProbes> take_replaced(const std::filesystem::path& pins) {
    const auto pinned = pinned_setup(replaced_pins(pins));
    if (!pinned) {
        return std::nullopt;
    }
    auto replaced = open_replaced(replaced_pins(pins), *pinned);
    if (!replaced) {
        log(Severity::error, fmt::format("{}; what the replaced probes saw since the last commit is lost",
                                         replaced.error().message));
        return std::nullopt;
    }
    return std::move(*replaced);
}

Result<LoadedProbes> replace(const std::filesystem::path& pins, dw_setup setup) {
    auto probes = attach_new(setup);
    if (!probes) {
        return probes;
    }
    const auto prepared = set_pins_aside(pins).and_then([&] { return prepare_pin_folder(pins); });
    probes->replaced = take_replaced(pins);
    if (!prepared) {
        warn_unpinned(prepared.error().message);
    } else if (!pin(*probes, pins, setup)) {
        warn_unpinned(fmt::format("cannot pin the probes in {}: {}", pins.string(), std::strerror(errno)));
    } else {
        probes->pins = pins;
    }
    return probes;
}

} // namespace

Result<LoadedProbes> load_probes(const ProbeOptions& options) {
    auto setup = setup_for(options);
    if (!options.pins) {
        return attach_new(setup);
    }
    if (const auto prepared = prepare_pin_folder(*options.pins); !prepared) {
        auto probes = attach_new(setup);
        if (probes) {
            warn_unpinned(prepared.error().message);
        }
        return probes;
    }
    const auto pinned = pinned_setup(*options.pins);
    if (pinned && are_alike(setup, *pinned) && !pinned_setup(replaced_pins(*options.pins))) {
        auto taken = take_over(*options.pins, *pinned);
        if (taken) {
            return taken;
        }
        log(Severity::warning, fmt::format("{}; the pinned probes are replaced", taken.error().message));
    }
    return replace(*options.pins, setup);
}

} // namespace dovewatch
