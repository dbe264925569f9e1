#include "exporters/table/tally.h"

#include <algorithm>
#include <string_view>

namespace dovewatch::table {
namespace {

constexpr int deepest_mailbox = 32; // levels; the user makes them

bool is_numbered(const std::string& name, std::string_view prefix) {
    return name.starts_with(prefix) && name.size() > prefix.size() &&
           std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                       [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> add_numbered(Tally& tally, MailFolder& folder, const std::string& path,
                          std::string_view prefix) {
    return each_entry(tally, folder, path, [&](const FolderEntry& entry) {
        return is_numbered(entry.name, prefix) ? add_file(tally, folder, path, entry) : Result<void>{};
    });
}

Result<OpenFolder> open_root(Tally& tally, const std::string& path, const std::vector<std::string>& names) {
    const auto root = tally.folders().folder(path);
    if (!root) {
        return tl::make_unexpected(mail_error(path, root.error()));
    }
    return open_below(**root, path, names);
}

Result<void> count_mailboxes(Tally& tally, MailFolder& folder, const std::string& path, int depth);

Result<void> count_entry(Tally& tally, const MailFolder& parent, const std::string& parent_path,
                         const FolderEntry& entry, int depth) {
    const std::string path = parent_path + '/' + entry.name;
    const auto folder = parent.folder(entry.name);
    if (!folder) {
        return is_no_folder(folder.error()) ? Result<void>{}
                                            : tl::make_unexpected(mail_error(path, folder.error()));
    }
    return entry.name == "dbox-Mails" ? add_numbered(tally, **folder, path, "u.")
                                      : count_mailboxes(tally, **folder, path, depth + 1);
}

Result<void> count_mailboxes(Tally& tally, MailFolder& folder, const std::string& path, int depth) {
    if (depth > deepest_mailbox) {
        return failed(path + ": mailboxes within mailboxes without end");
    }
    return each_entry(tally, folder, path, [&](const FolderEntry& entry) {
        const bool may_be_folder = entry.kind == FileKind::folder || entry.kind == FileKind::unknown;
        return may_be_folder ? count_entry(tally, folder, path, entry, depth) : Result<void>{};
    });
}

} // namespace

Result<void> count_sdbox(Tally& tally, const MailLocation& location) {
    const std::string mailboxes = location.root + "/mailboxes";
    if (location.subfolders) {
        return open_root(tally, location.root, {"mailboxes"}).and_then([&](const OpenFolder& folder) {
            return count_mailboxes(tally, *folder, mailboxes, 0);
        });
    }
    return open_root(tally, location.root, {"mailboxes", "INBOX", "dbox-Mails"})
        .and_then([&](const OpenFolder& folder) {
            return add_numbered(tally, *folder, mailboxes + "/INBOX/dbox-Mails", "u.");
        });
}

Result<void> count_mdbox(Tally& tally, const MailLocation& location) {
    return open_root(tally, location.root, {"storage"}).and_then([&](const OpenFolder& folder) {
        return add_numbered(tally, *folder, location.root + "/storage", "m.");
    });
}

} // namespace dovewatch::table
