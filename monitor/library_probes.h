// The probes on functions of Dovecot's library, once per libdovecot.so.0 in use on this host.
#pragma once

#include "monitor/probe_pins.h"
#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dovewatch.skel.h"
#include <bpf/libbpf.h>

namespace dovewatch {

struct LinkDeleter {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using ProbeLink = std::unique_ptr<bpf_link, LinkDeleter>;

// Why the kernel refused a probe, and the mend where its setting kernel.perf_event_paranoid may be the cause.
// `error`: an errno.
std::string explain_refusal(int error, const std::filesystem::path& proc);

// Told apart by inode, so that a library replaced by an upgrade, or another one in a container, gets its own
// probe. A probe stays for the lifetime of this object: processes of the old library may live on. But where a
// library is written anew in its place, the probe's place in it holds other code now, so the probe goes.
class LibraryProbes {
  public:
    enum class Outcome {
        attached,   // a library that had no probe yet
        known,      // nothing to do
        not_mapped, // the master has not loaded its library (yet), or is gone
    };

    // `skeleton` must outlive the object. With a folder for pins, probes that are pinned there are in place
    // already, and new ones are pinned. `taken_over`: the links of those.
    LibraryProbes(const dovewatch_bpf& skeleton, std::filesystem::path proc,
                  const std::optional<std::filesystem::path>& pins, std::vector<ProbeLink> taken_over);

    // Sees to the library that this master has mapped. Without its title function it gets no probe at all,
    // and that is an error; where a logging function is missing logout lines are not seen, and the log says
    // so.
    [[nodiscard]] Result<Outcome> attach(std::int32_t master_pid);

    std::size_t size() const { return libraries_.size(); }

  private:
    struct Probe {
        bpf_program* program;
        const char* function;
        const char* pin_name;
    };
    enum class Attached { no, before, now };
    Attached attach_one(const Probe& probe, const std::filesystem::path& library, const FileId& id);
    void drop_outdated(const FileId& library);

    const dovewatch_bpf& skeleton_;
    std::filesystem::path proc_;
    std::optional<std::filesystem::path> pins_;
    std::set<FileId> libraries_;
    struct Link {
        std::filesystem::path pin; // without a folder where it is not pinned
        ProbeLink link;
    };
    std::vector<Link> links_;
};

} // namespace dovewatch
