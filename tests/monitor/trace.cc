#include "tests/monitor/trace.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace dovewatch {
namespace {

using nlohmann::json;

// A byte that is not UTF-8 stands as \udcXX, which no JSON parser takes. It goes through the parser as
// U+F8XX.
std::string escape_lone_bytes(const std::string& text) {
    static const std::regex lone(R"((\\ud[89ab][0-9a-f]{2}\\u[0-9a-f]{4})|\\udc([89a-f][0-9a-f]))");
    std::string escaped;
    auto last = text.cbegin();
    for (std::sregex_iterator at(text.begin(), text.end(), lone), end; at != end; ++at) {
        escaped.append(last, (*at)[0].first);
        escaped += (*at)[1].matched ? at->str() : "\\uf8" + (*at)[2].str();
        last = (*at)[0].second;
    }
    return escaped.append(last, text.cend());
}

// U+F8XX is EF A2..A3 80..BF.
std::string restore_lone_bytes(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool lone = text[i] == '\xef' && i + 2 < text.size() && (text[i + 1] & '\xfc') == '\xa0' &&
                          (text[i + 1] & '\x02') != 0;
        if (lone) {
            bytes += static_cast<char>((text[i + 1] & 3) << 6 | (text[i + 2] & 0x3f));
            i += 2;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

std::string text_of(const json& value) {
    return restore_lone_bytes(value.get<std::string>());
}

std::filesystem::path traces_folder() {
    return DOVEWATCH_TRACES;
}

std::ifstream open_file(const std::filesystem::path& file) {
    std::ifstream stream(file);
    if (!stream) {
        throw std::runtime_error("cannot read " + file.string());
    }
    return stream;
}

std::optional<ProcessRole> role_of_comm(const std::string& comm) {
    static const std::map<std::string, ProcessRole> roles = {
        {"imap", ProcessRole::imap},
        {"pop3", ProcessRole::pop3},
        {"lmtp", ProcessRole::lmtp},
        {"submission", ProcessRole::submission},
        {"managesieve", ProcessRole::managesieve},
        {"dovecot-lda", ProcessRole::lda},
        {"imap-hibernate", ProcessRole::imap_hibernate},
    };
    const auto found = roles.find(comm);
    return found == roles.end() ? std::nullopt : std::optional(found->second);
}

bool is_trusted(const json& exec, ProcessRole role) {
    const std::filesystem::path executable = text_of(exec["exe"]);
    if (executable.filename() != text_of(exec["comm"])) {
        return false;
    }
    return role == ProcessRole::lda || (exec["parent_comm"] == "dovecot" && exec["parent_euid"] == 0);
}

ExecEvent exec_of(const json& line) {
    ExecEvent exec;
    for (const auto& argument : line["argv"]) {
        exec.arguments += text_of(argument) + '\0';
    }
    return exec;
}

bool is_logout_line(const json& line) {
    return line["args"].size() == 2 && (line["format"] == "Disconnected: %s %s" || line["format"] == "%s %s");
}

class EventReader {
  public:
    std::optional<ProcessEvent> read(const json& line) {
        const auto role = role_of_comm(text_of(line["comm"]));
        if (!role) {
            return std::nullopt;
        }
        const auto pid = line["pid"].get<std::int32_t>();
        if (line["kind"] == "exec" && is_trusted(line, *role)) {
            start_ticks_[pid] = line["start_ns"].get<std::int64_t>() / 10'000'000;
        }
        if (!start_ticks_.contains(pid)) {
            return std::nullopt;
        }
        ProcessEvent event;
        event.process = {pid, start_ticks_[pid]};
        event.parent_pid = line["ppid"];
        event.role = *role;
        event.at = BootTime(line["t_ns"].get<std::int64_t>());
        return with_kind(line, event);
    }

  private:
    static std::optional<ProcessEvent> with_kind(const json& line, ProcessEvent event) {
        if (line["kind"] == "exec") {
            event.what = exec_of(line);
        } else if (line["kind"] == "title") {
            event.what = TitleEvent{text_of(line["title"])};
        } else if (line["kind"] == "exit") {
            event.what = ExitEvent{line["exit_code"].get<int>() << 8 | line["signal"].get<int>()};
        } else if (is_logout_line(line)) {
            event.what =
                LogoutEvent{text_of(line["args"][0]), text_of(line["args"][1]), line["function"] == "e_info"};
        } else {
            return std::nullopt;
        }
        return event;
    }

    std::map<std::int32_t, std::int64_t> start_ticks_;
};

// The traces' Dovecots have auth_username_format = %Lu.
std::string normalised(std::string user) {
    std::transform(user.begin(), user.end(), user.begin(), [](unsigned char byte) {
        return static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    });
    return user;
}

std::string optional_text_of(const json& entry, const char* name) {
    return entry.contains(name) && !entry[name].is_null() ? text_of(entry[name]) : std::string();
}

TrueSession session_of(const json& entry) {
    TrueSession session;
    session.service = parse_service(text_of(entry["service"])).value();
    session.user = normalised(text_of(entry["login"]));
    session.address = Address::parse(text_of(entry["address"]));
    session.pid = entry["pid"];
    session.login = BootTime(entry["login_ns"].get<std::int64_t>());
    session.logout = BootTime(entry["logout_ns"].get<std::int64_t>());
    session.end = entry["end"];
    session.reason = optional_text_of(entry, "reason");
    session.statistics = optional_text_of(entry, "statistics");
    return session;
}

TrueDelivery delivery_of(const json& entry) {
    TrueDelivery delivery;
    delivery.service = parse_service(text_of(entry["service"])).value();
    delivery.user = text_of(entry["user"]);
    if (entry.contains("pid")) {
        delivery.pid = entry["pid"].get<std::int32_t>();
    }
    return delivery;
}

// Which titles the kernel has passed on of one process.
class TitleFilter {
  public:
    bool passes(ProcessRole role, const std::string& title) {
        if (role == ProcessRole::lmtp) {
            return title.find("DATA ") != std::string::npos;
        }
        if (title.empty() || title == "[initializing]" || title == "[auth lookup]") {
            return false;
        }
        const bool deinit = title.ends_with("(deinit)]");
        if (title == last_ && title != "[idling]" && !deinit) {
            return false;
        }
        if (!deinit && goes_on(title)) {
            return false;
        }
        last_ = title;
        return true;
    }

  private:
    bool goes_on(const std::string& title) const {
        const std::size_t bare = last_.size() - 1;
        return last_.ends_with(']') && title.size() > bare && title.compare(0, bare, last_, 0, bare) == 0 &&
               title[bare] == ' ';
    }

    std::string last_;
};

} // namespace

std::vector<std::string> trace_names() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(traces_folder())) {
        if (entry.path().extension() == ".jsonl") {
            names.insert(entry.path().parent_path().filename() / entry.path().stem());
        }
    }
    return {names.begin(), names.end()};
}

Trace load_trace(const std::string& name) {
    Trace trace;
    trace.name = name;
    auto lines = open_file(traces_folder() / (name + ".jsonl"));
    EventReader reader;
    for (std::string line; std::getline(lines, line);) {
        if (auto event = reader.read(json::parse(escape_lone_bytes(line)))) {
            trace.events.push_back(std::move(*event));
        }
    }
    std::stringstream truth;
    truth << open_file(traces_folder() / (name + ".truth.json")).rdbuf();
    const json entries = json::parse(escape_lone_bytes(truth.str()));
    for (const auto& entry : entries["sessions"]) {
        trace.sessions.push_back(session_of(entry));
    }
    for (const auto& entry : entries.value("deliveries", json::array())) {
        trace.deliveries.push_back(delivery_of(entry));
    }
    return trace;
}

std::vector<ProcessEvent> as_filtered(const std::vector<ProcessEvent>& events) {
    std::map<ProcessKey, TitleFilter> filters;
    std::vector<ProcessEvent> passed;
    for (const ProcessEvent& event : events) {
        const auto* title = std::get_if<TitleEvent>(&event.what);
        if (title == nullptr || filters[event.process].passes(event.role, title->text)) {
            passed.push_back(event);
        }
    }
    return passed;
}

std::vector<ProcessEvent> without_logout_lines(std::vector<ProcessEvent> events) {
    std::erase_if(events,
                  [](const ProcessEvent& event) { return std::holds_alternative<LogoutEvent>(event.what); });
    return events;
}

} // namespace dovewatch
