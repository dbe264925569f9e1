#include "exporters/table/mail_location.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dovewatch::table {
namespace {

constexpr std::array<std::pair<std::string_view, MailFormat>, 4> formats{{{"maildir", MailFormat::maildir},
                                                                          {"mbox", MailFormat::mbox},
                                                                          {"sdbox", MailFormat::sdbox},
                                                                          {"mdbox", MailFormat::mdbox}}};

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t end = 0; end != std::string_view::npos;
         text.remove_prefix(std::min(end + 1, text.size()))) {
        end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
    }
    return parts;
}

std::string with_home(const std::string& path) {
    return path == "~" || path.starts_with("~/") ? "%h" + path.substr(1) : path;
}

// O_NOFOLLOW looks at the last component alone, which a slash behind it would hide.
std::string without_last_slashes(std::string path) {
    path.erase(path.find_last_not_of('/') + 1);
    return path;
}

bool is_safe(const std::string& path) {
    const auto components = split(path, '/');
    return path.starts_with('/') && std::none_of(components.begin(), components.end(), [](const auto& name) {
               return name == "." || name == "..";
           });
}

std::optional<std::string> expand_path(const VariableText& text, const std::string& user,
                                       const std::string& home) {
    auto path = text.expand(user, home);
    if (!path || path->empty()) {
        return path;
    }
    *path = without_last_slashes(std::move(*path));
    return is_safe(*path) ? path : std::nullopt;
}

struct Parts {
    MailFormat format = MailFormat::maildir;
    std::string root;
    std::string inbox;
    bool maildir_plus_plus = true;
};

tl::unexpected<Error> cannot_count(std::string_view what) {
    return usage_error(fmt::format("mail stores with {} cannot be counted", what));
}

Result<void> apply_key(Parts& parts, const std::string& key) {
    const std::string name = key.substr(0, key.find('='));
    const std::string value = key.substr(std::min(name.size() + 1, key.size()));
    if (name == "INBOX") {
        parts.inbox = with_home(value);
    } else if (name == "LAYOUT") {
        parts.maildir_plus_plus = value == "maildir++" || value == "Maildir++";
    } else if (name == "DIRNAME" || name == "MAILBOXDIR") {
        return cannot_count(name + "=");
    }
    return {};
}

Result<Parts> parse_parts(const std::string& mail_location) {
    std::vector<std::string> fields = split(mail_location, ':');
    const auto* format = std::find_if(formats.begin(), formats.end(),
                                      [&](const auto& known) { return known.first == fields[0]; });
    if (format == formats.end() || fields.size() < 2 || fields[1].empty()) {
        return usage_error(
            fmt::format("{}: a mail location begins with maildir:, mbox:, sdbox: or mdbox:", mail_location));
    }
    Parts parts{format->second, with_home(fields[1]), {}, true};
    for (std::size_t i = 2; i < fields.size(); ++i) {
        if (auto applied = apply_key(parts, fields[i]); !applied) {
            return tl::make_unexpected(applied.error());
        }
    }
    if (parts.format == MailFormat::mbox && parts.inbox.empty()) {
        parts.inbox = parts.root + "/inbox"; // Dovecot's default
    }
    return parts;
}

struct Texts {
    VariableText home;
    VariableText root;
    VariableText inbox;
};

Result<Texts> parse_texts(const std::string& home, const Parts& parts) {
    Texts texts;
    for (const auto& [source, text] : {std::pair(&home, &texts.home), std::pair(&parts.root, &texts.root),
                                       std::pair(&parts.inbox, &texts.inbox)}) {
        auto parsed = VariableText::parse(*source);
        if (!parsed) {
            return tl::make_unexpected(parsed.error());
        }
        *text = std::move(*parsed);
    }
    return texts;
}

Result<void> check_home(const Texts& texts, const std::string& home) {
    if (texts.home.uses_home()) {
        return usage_error(fmt::format("{}: the home cannot stand in its own template", home));
    }
    if (home.empty() && (texts.root.uses_home() || texts.inbox.uses_home())) {
        return usage_error("the mail location needs the home: give its template too");
    }
    return {};
}

Result<void> check_paths(const Texts& texts) {
    const std::string anybody = "user@example.org";
    const auto home = expand_path(texts.home, anybody, {});
    if (!home || !expand_path(texts.root, anybody, *home) || !expand_path(texts.inbox, anybody, *home)) {
        return usage_error(
            "a mail location and a home are absolute paths without . and ..; the location may begin with ~/");
    }
    return {};
}

} // namespace

Result<LocationTemplate> LocationTemplate::parse(const std::string& mail_location, const std::string& home,
                                                 bool subfolders) {
    const auto parts = parse_parts(mail_location);
    if (!parts) {
        return tl::make_unexpected(parts.error());
    }
    if (parts->format == MailFormat::maildir && subfolders && !parts->maildir_plus_plus) {
        return cannot_count("subfolders and LAYOUT=fs");
    }
    const auto texts = parse_texts(home, *parts);
    const auto checked =
        texts.and_then([&](const Texts& parsed) { return check_home(parsed, home); }).and_then([&] {
            return check_paths(*texts);
        });
    if (!checked) {
        return tl::make_unexpected(checked.error());
    }
    LocationTemplate made;
    made.format_ = parts->format;
    made.subfolders_ = subfolders;
    made.home_ = texts->home;
    made.root_ = texts->root;
    made.inbox_ = texts->inbox;
    return made;
}

Result<MailLocation> LocationTemplate::expand(const std::string& user) const {
    const auto home = expand_path(home_, user, {});
    const auto root = expand_path(root_, user, home.value_or(""));
    const auto inbox = expand_path(inbox_, user, home.value_or(""));
    if (!home || !root || !inbox || root->empty()) {
        return failed("the name of the user would lead out of the mail location");
    }
    return MailLocation{format_, *root, *inbox, subfolders_};
}

} // namespace dovewatch::table
