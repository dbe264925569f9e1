#include "exporters/table/tally.h"

#include <cerrno>
#include <limits>
#include <system_error>

#include <fmt/format.h>

namespace dovewatch::table {
namespace {

// Sizes in names are the user's: they may be any number.
std::int64_t sum(std::int64_t a, std::int64_t b) {
    std::int64_t total = 0;
    return __builtin_add_overflow(a, b, &total) ? std::numeric_limits<std::int64_t>::max() : total;
}

std::string describe(int error) {
    switch (error) {
    case ENOENT:
        return "no such folder or file";
    case ENOTDIR:
    case ELOOP:
        return "a symbolic link, or no folder";
    case EINVAL:
        return "not a regular file";
    default:
        return std::generic_category().message(error);
    }
}

} // namespace

Result<void> Tally::step() const {
    if (!go_on_()) {
        return unavailable("not counted within the time limit");
    }
    return {};
}

void Tally::add(std::int64_t messages, std::int64_t bytes) {
    messages_ += messages;
    bytes_ = sum(bytes_, bytes);
}

Error mail_error(const std::string& path, int error) {
    return {Error::Kind::unavailable, fmt::format("{}: {}", path, describe(error))};
}

bool is_no_folder(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

Result<OpenFolder> open_below(const MailFolder& parent, const std::string& path,
                              const std::vector<std::string>& names) {
    OpenFolder folder;
    std::string reached = path;
    for (const std::string& name : names) {
        reached += '/' + name;
        auto next = (folder ? *folder : parent).folder(name);
        if (!next) {
            return tl::make_unexpected(mail_error(reached, next.error()));
        }
        folder = std::move(*next);
    }
    return folder;
}

Result<void> each_entry(Tally& tally, MailFolder& folder, const std::string& path,
                        const std::function<Result<void>(const FolderEntry&)>& visit) {
    FolderEntry entry;
    for (;;) {
        const auto more = folder.next(entry);
        if (!more) {
            return tl::make_unexpected(mail_error(path, more.error()));
        }
        if (!*more) {
            return {};
        }
        auto visited = tally.step().and_then([&] { return visit(entry); });
        if (!visited) {
            return visited;
        }
    }
}

Result<void> add_file(Tally& tally, const MailFolder& folder, const std::string& path,
                      const FolderEntry& entry) {
    if (entry.kind == FileKind::folder || entry.kind == FileKind::other) {
        return {};
    }
    const auto status = folder.status(entry.name);
    if (!status && status.error() != ENOENT) {
        return tl::make_unexpected(mail_error(path + '/' + entry.name, status.error()));
    }
    if (status && status->kind == FileKind::regular) {
        tally.add(1, status->bytes);
    }
    return {};
}

} // namespace dovewatch::table
