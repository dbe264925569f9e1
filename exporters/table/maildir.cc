#include "exporters/table/tally.h"
#include "store/number.h"

#include <cerrno>

namespace dovewatch::table {
namespace {

Result<void> add_message(Tally& tally, const MailFolder& folder, const std::string& path,
                         const FolderEntry& entry) {
    if (entry.name.starts_with('.')) {
        return {};
    }
    const auto size = size_in_name(entry.name);
    if (size && entry.kind == FileKind::regular) {
        tally.add(1, *size);
        return {};
    }
    return add_file(tally, folder, path, entry);
}

Result<void> count_messages(Tally& tally, MailFolder& folder, const std::string& path) {
    return each_entry(tally, folder, path,
                      [&](const FolderEntry& entry) { return add_message(tally, folder, path, entry); });
}

// Where `new` is missing nothing was delivered yet.
Result<void> count_new(Tally& tally, const MailFolder& maildir, const std::string& path) {
    const auto folder = maildir.folder("new");
    if (!folder && folder.error() != ENOENT) {
        return tl::make_unexpected(mail_error(path + "/new", folder.error()));
    }
    return folder ? count_messages(tally, **folder, path + "/new") : Result<void>{};
}

// `new` before `cur`: a message that is taken notice of moves that way, and must not be missed.
Result<void> count_inbox(Tally& tally, const std::string& path) {
    const auto maildir = tally.folders().folder(path);
    if (!maildir) {
        return tl::make_unexpected(mail_error(path, maildir.error()));
    }
    const auto cur = (*maildir)->folder("cur");
    if (!cur) {
        return tl::make_unexpected(mail_error(path + "/cur", cur.error()));
    }
    return count_new(tally, **maildir, path).and_then([&] {
        return count_messages(tally, **cur, path + "/cur");
    });
}

Result<void> count_subfolder(Tally& tally, const MailFolder& root, const std::string& root_path,
                             const std::string& name) {
    const std::string path = root_path + '/' + name;
    const auto folder = root.folder(name);
    const auto cur = folder ? (*folder)->folder("cur") : Io<OpenFolder>(tl::make_unexpected(folder.error()));
    if (!cur && is_no_folder(cur.error())) {
        return {};
    }
    if (!cur) {
        return tl::make_unexpected(mail_error(path, cur.error()));
    }
    return count_new(tally, **folder, path).and_then([&] {
        return count_messages(tally, **cur, path + "/cur");
    });
}

Result<void> count_subfolders(Tally& tally, const std::string& path) {
    const auto root = tally.folders().folder(path);
    if (!root) {
        return tl::make_unexpected(mail_error(path, root.error()));
    }
    return each_entry(tally, **root, path, [&](const FolderEntry& entry) -> Result<void> {
        const bool may_be_folder = entry.kind == FileKind::folder || entry.kind == FileKind::unknown;
        return entry.name.starts_with('.') && may_be_folder ? count_subfolder(tally, **root, path, entry.name)
                                                            : Result<void>{};
    });
}

} // namespace

// As Dovecot's maildir_filename_get_size: digits behind the first ",S=", up to the next field or the flags.
std::optional<std::int64_t> size_in_name(std::string_view name) {
    constexpr std::string_view key = ",S=";
    name = name.substr(0, name.find_first_of(":;"));
    const std::size_t found = name.find(key);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    name.remove_prefix(found + key.size());
    const auto size = parse_number<std::int64_t>(name.substr(0, name.find(',')));
    return size && *size >= 0 ? size : std::nullopt;
}

Result<void> count_maildir(Tally& tally, const MailLocation& location) {
    const std::string& inbox = location.inbox.empty() ? location.root : location.inbox;
    auto counted = count_inbox(tally, inbox);
    return counted && location.subfolders ? count_subfolders(tally, location.root) : counted;
}

} // namespace dovewatch::table
