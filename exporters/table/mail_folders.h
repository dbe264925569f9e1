// The file system as the counting of mail sees it: nothing here follows a symbolic link, so nothing leads out
// of a store. A seam, so that tests can lend one that hangs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dovewatch::table {

// The error is an errno.
template <typename T>
using Io = tl::expected<T, int>;

enum class FileKind : std::uint8_t {
    regular,
    folder,
    other,   // a symbolic link, a FIFO, ...
    unknown, // this file system tells it by `status` alone
};

struct FileStatus {
    FileKind kind = FileKind::unknown; // never unknown
    std::int64_t bytes = 0;
};

struct FolderEntry {
    std::string name;
    FileKind kind = FileKind::unknown;
};

class MailFile {
  public:
    virtual ~MailFile() = default;

    // 0 at the end.
    virtual Io<std::size_t> read(std::span<char> space) = 0;
};

// Names are those of entries: without a slash.
class MailFolder {
  public:
    virtual ~MailFolder() = default;

    // False at the end. `.` and `..` are left out.
    virtual Io<bool> next(FolderEntry& entry) = 0;

    virtual Io<FileStatus> status(const std::string& name) const = 0;

    // ENOTDIR for a symbolic link.
    virtual Io<std::unique_ptr<MailFolder>> folder(const std::string& name) const = 0;
};

// Immutable; used by several threads at once. Symbolic links are followed in the path's folders, which are
// the administrator's, and not at its end. Any call may hang.
class MailFolders {
  public:
    virtual ~MailFolders() = default;

    virtual Io<std::unique_ptr<MailFolder>> folder(const std::string& path) const = 0;

    // ELOOP for a symbolic link, EINVAL for what is no regular file.
    virtual Io<std::unique_ptr<MailFile>> file(const std::string& path) const = 0;
};

// The system's own.
std::shared_ptr<const MailFolders> system_mail_folders();

} // namespace dovewatch::table
