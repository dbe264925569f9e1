#include "store/settings.h"

#include "store/option_value.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t most_uid = std::numeric_limits<std::uint32_t>::max() - 1; // -1 means no user

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\f\v";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The file's text in a message that may end in a terminal: no control characters.
std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        shown += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return shown;
}

// How many letters must be inserted, removed or changed to turn one into the other (Levenshtein).
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string suggestion(const std::string& key, const po::options_description& known) {
    constexpr std::size_t still_a_slip = 3;
    std::vector<std::string> names;
    for (const auto& option : known.options()) {
        names.push_back(option->long_name());
    }
    const auto nearest =
        std::min_element(names.begin(), names.end(), [&](const auto& left, const auto& right) {
            return edit_distance(key, left) < edit_distance(key, right);
        });
    if (nearest != names.end() && edit_distance(key, *nearest) <= still_a_slip) {
        return fmt::format("did you mean '{}'?", *nearest);
    }
    return fmt::format("the known keys are: {}", fmt::join(names, ", "));
}

// Reads line by line because boost's parse_config_file gives no line number with its errors.
class ConfigReader {
  public:
    explicit ConfigReader(const po::options_description& known) : known_(known), parsed_(&known) {}

    // No value: the line is good. Otherwise what is wrong with it, and the mend.
    std::optional<std::string> read_line(std::string_view line) {
        ++line_number_;
        const std::string_view text = trim(line.substr(0, line.find('#')));
        if (text.empty()) {
            return std::nullopt;
        }
        if (text.front() == '[' && text.back() == ']') {
            section_ = trim(text.substr(1, text.size() - 2));
            return std::nullopt;
        }
        const std::size_t equals = text.find('=');
        const std::string_view name = trim(text.substr(0, equals));
        if (equals == std::string_view::npos || name.empty()) {
            return fmt::format("'{}' is no assignment: write 'key = value', or begin the line with # to "
                               "make it a comment",
                               text);
        }
        const std::string key = section_.empty() ? std::string(name) : fmt::format("{}.{}", section_, name);
        return read_assignment(key, std::string(trim(text.substr(equals + 1))));
    }

    std::size_t line_number() const { return line_number_; }
    const po::parsed_options& parsed() const { return parsed_; }

  private:
    std::optional<std::string> read_assignment(const std::string& key, const std::string& value) {
        const po::option_description* option = find(key);
        if (option == nullptr) {
            return fmt::format("unknown key '{}': {}", key, suggestion(key, known_));
        }
        const auto [first, is_new] = lines_.try_emplace(key, line_number_);
        if (!is_new) {
            return fmt::format("'{}' is already set in line {}: remove one of the two", key, first->second);
        }
        try {
            boost::any ignored;
            option->semantic()->parse(ignored, {value}, true);
        } catch (const BadValue& error) {
            return fmt::format("{} = {}", key, error.brief());
        } catch (const po::error& error) {
            return fmt::format("{} = '{}': {}", key, value, error.what());
        }
        po::option parsed(key, {value});
        parsed_.options.push_back(std::move(parsed));
        return std::nullopt;
    }

    // Not options_description::find, which also takes the beginning of a name.
    const po::option_description* find(const std::string& key) const {
        for (const auto& option : known_.options()) {
            const std::string& name = option->long_name();
            const bool any_ending = name.back() == '*' && key.size() >= name.size() &&
                                    key.starts_with(std::string_view(name).substr(0, name.size() - 1));
            if (name == key || any_ending) {
                return option.get();
            }
        }
        return nullptr;
    }

    const po::options_description& known_;
    po::parsed_options parsed_;
    std::map<std::string, std::size_t> lines_; // by key
    std::string section_;
    std::size_t line_number_ = 0;
};

} // namespace

po::options_description common_options() {
    po::options_description options("Common options");
    auto add = options.add_options();
    add("database", file_value()->value_name("FILE")->default_value(std::string(default_database_file)),
        "the database");
    add("config", file_value()->value_name("FILE")->default_value(std::string(default_config_file)),
        "the configuration file");
    add("help,h", "say what the options are");
    add("version", "say which version this is");
    return options;
}

po::options_description daemon_settings() {
    po::options_description options("Daemon");
    auto add = options.add_options();
    add("ring-buffer-seconds", number_value(1, 86400, "(s)")->default_value(60),
        "how long the probes collect while no daemon reads them, in s");
    add("ring-buffer-login-rate", number_value(1, 100'000, "(1/s)")->default_value(250),
        "at how many logins a second");
    add("source", word_value({"auto", "uprobe", "switch", "proc"})->default_value("auto"),
        "where process events come from");
    add("commit-interval", number_value(1, 10000, "(ms)")->default_value(40),
        "how long session changes may wait for their commit, in ms");
    add("master-uid", number_value(0, most_uid, "")->default_value(0),
        "the user id of Dovecot's master process");
    add("lda-uids", uid_list_value()->default_value({}, "none"),
        "the user ids that may run dovecot-lda, beside root");
    add("ignore-addresses", networks_value(),
        "networks whose sessions are not stored, such as health checks'");
    add("keep-days", number_value(0, 36500, "(days)")->default_value(0),
        "how long sessions and deliveries are kept, in days; 0: for ever");
    add("keep-addresses-days", number_value(0, 36500, "(days)")->default_value(0),
        "how long their addresses are kept, in days; 0: as long as they are");
    add("keep-ipv4-prefix", number_value(0, 32, "(bits)")->default_value(0),
        "what is kept of an IPv4 address then, in bits; 0: nothing");
    add("keep-ipv6-prefix", number_value(0, 128, "(bits)")->default_value(0), "the same of an IPv6 address");
    add("classes.*", service_class_value()->value_name("SERVICE NETWORK..."),
        "a service class: a part of a service by client network");
    return options;
}

po::options_description exporter_settings() {
    po::options_description options("Exporters");
    auto add = options.add_options();
    add("exporters", word_list_value({"spool", "table"})->default_value({}, "none"),
        "which exporters run: spool, table");
    add("export-state", file_value()->default_value(std::string(default_export_state_file)),
        "the exporters' own database");
    add("spool-folder", file_value()->default_value("/var/spool/dovestats"), "where the spool files are");
    add("spool-owner", po::value<std::string>(), "the user who owns them");
    add("spool-group", po::value<std::string>(), "the group that may read them");
    add("spool-services",
        word_list_value({"imap", "pop3", "submission", "managesieve"})->default_value({"pop3"}, "pop3"),
        "whose sessions they count");
    add("spool-missing-statistics", po::value<std::string>(), "their line where Dovecot's was not seen");
    add("spool-touch-online", word_value({"yes", "no"})->default_value("no"),
        "keep the files of users with open sessions fresh");
    add("table-file", file_value()->default_value("/var/lib/dovewatch-export/table"), "the table");
    add("table-format", word_value({"tsv", "csv", "json"})->default_value("tsv"), "how it is written");
    add("table-host", po::value<std::string>(), "what it says of the host");
    add("table-interval", number_value(1, 86400, "(s)")->default_value(60), "how old it may get, in s");
    add("table-active-window", number_value(0, 86400, "(s)")->default_value(600),
        "how long a POP3 user stays active, in s");
    add("table-max-count-age", number_value(1, 31'536'000, "(s)")->default_value(86400),
        "when a mailbox is counted again without a session, in s");
    add("table-files-per-second", number_value(1, 10'000'000, "")->default_value(20000),
        "how many files are counted in a second");
    add("table-time-limit", number_value(1, 3600, "(s)")->default_value(60),
        "how long counting a mailbox may take, in s");
    add("mail-location", po::value<std::string>()->default_value(""),
        "where users' mail lies, as Dovecot's mail_location has it");
    add("mail-home", po::value<std::string>()->default_value(""), "users' home, %h in mail-location");
    add("mail-subfolders", word_value({"yes", "no"})->default_value("no"),
        "whether a mailbox's size includes its subfolders");
    return options;
}

po::options_description config_file_options() {
    po::options_description options("Configuration file");
    options.add_options()("database", file_value()->default_value(std::string(default_database_file)),
                          "the database");
    for (const auto& part : {daemon_settings(), exporter_settings()}) {
        for (const auto& option : part.options()) {
            options.add(option);
        }
    }
    return options;
}

Result<void> read_config(std::istream& text, const std::string& name, po::variables_map& values) {
    const po::options_description known = config_file_options();
    ConfigReader reader(known);
    std::string line;
    while (std::getline(text, line)) {
        if (const auto wrong = reader.read_line(line)) {
            return usage_error(fmt::format("{}:{}: {}", name, reader.line_number(), printable(*wrong)));
        }
    }
    if (text.bad()) {
        return usage_error(fmt::format("{}: cannot be read: {}", name, std::strerror(errno)));
    }
    try {
        po::store(reader.parsed(), values);
    } catch (const po::error& error) {
        return usage_error(fmt::format("{}: {}", name, error.what()));
    }
    return {};
}

Result<void> read_config_file(po::variables_map& values) {
    const bool named = values.count("config") != 0 && !values["config"].defaulted();
    const std::string file = named ? values["config"].as<std::string>() : std::string(default_config_file);
    std::ifstream text(file);
    if (!text) {
        const int error = errno;
        if (!named && error == ENOENT) {
            std::istringstream nothing; // for the defaults
            return read_config(nothing, file, values);
        }
        return usage_error(fmt::format("{}: cannot be read: {}: correct --config, or the file's permissions",
                                       file, std::strerror(error)));
    }
    return read_config(text, file, values);
}

std::filesystem::path database_file(const po::variables_map& values) {
    if (values.count("database") == 0) {
        return default_database_file;
    }
    return values["database"].as<std::string>();
}

} // namespace dovewatch
