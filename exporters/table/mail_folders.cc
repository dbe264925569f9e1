#include "exporters/table/mail_folders.h"

#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch::table {
namespace {

FileKind kind_of_type(unsigned char type) {
    switch (type) {
    case DT_REG:
        return FileKind::regular;
    case DT_DIR:
        return FileKind::folder;
    case DT_UNKNOWN:
        return FileKind::unknown;
    default:
        return FileKind::other;
    }
}

FileKind kind_of_mode(mode_t mode) {
    if (S_ISREG(mode)) {
        return FileKind::regular;
    }
    return S_ISDIR(mode) ? FileKind::folder : FileKind::other;
}

class SystemFolder : public MailFolder {
  public:
    static Io<std::unique_ptr<MailFolder>> open(int parent, const char* path) {
        const int descriptor = ::openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR* stream = descriptor < 0 ? nullptr : fdopendir(descriptor);
        if (stream == nullptr) {
            const int error = errno;
            if (descriptor >= 0) {
                close(descriptor);
            }
            return tl::make_unexpected(error);
        }
        return std::make_unique<SystemFolder>(stream);
    }

    explicit SystemFolder(DIR* stream) : stream_(stream) {}

    Io<bool> next(FolderEntry& entry) override {
        for (;;) {
            errno = 0;
            const dirent* found = readdir(stream_.get()); // NOLINT(concurrency-mt-unsafe)
            if (found == nullptr) {
                return errno == 0 ? Io<bool>(false) : tl::make_unexpected(errno);
            }
            entry.name = found->d_name;
            if (entry.name != "." && entry.name != "..") {
                entry.kind = kind_of_type(found->d_type);
                return true;
            }
        }
    }

    Io<FileStatus> status(const std::string& name) const override {
        struct stat found {};
        if (fstatat(dirfd(stream_.get()), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
            return tl::make_unexpected(errno);
        }
        return FileStatus{kind_of_mode(found.st_mode), found.st_size};
    }

    Io<std::unique_ptr<MailFolder>> folder(const std::string& name) const override {
        return open(dirfd(stream_.get()), name.c_str());
    }

  private:
    struct Close {
        void operator()(DIR* stream) const { closedir(stream); }
    };
    std::unique_ptr<DIR, Close> stream_;
};

class SystemFile : public MailFile {
  public:
    explicit SystemFile(int descriptor) : descriptor_(descriptor) {}
    SystemFile(const SystemFile&) = delete;
    SystemFile& operator=(const SystemFile&) = delete;
    ~SystemFile() override { close(descriptor_); }

    Io<std::size_t> read(std::span<char> space) override {
        ssize_t size = -1;
        do {
            size = ::read(descriptor_, space.data(), space.size());
        } while (size < 0 && errno == EINTR);
        return size < 0 ? Io<std::size_t>(tl::make_unexpected(errno)) : static_cast<std::size_t>(size);
    }

    Io<bool> is_regular() const {
        struct stat status {};
        if (fstat(descriptor_, &status) != 0) {
            return tl::make_unexpected(errno);
        }
        return S_ISREG(status.st_mode);
    }

  private:
    int descriptor_;
};

class SystemFolders : public MailFolders {
  public:
    Io<std::unique_ptr<MailFolder>> folder(const std::string& path) const override {
        return SystemFolder::open(AT_FDCWD, path.c_str());
    }

    Io<std::unique_ptr<MailFile>> file(const std::string& path) const override {
        // O_NONBLOCK: a FIFO of that name must not hold up the counting.
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (descriptor < 0) {
            return tl::make_unexpected(errno);
        }
        auto opened = std::make_unique<SystemFile>(descriptor);
        const auto regular = opened->is_regular();
        if (!regular || !*regular) {
            return tl::make_unexpected(regular ? EINVAL : regular.error());
        }
        return opened;
    }
};

} // namespace

std::shared_ptr<const MailFolders> system_mail_folders() {
    return std::make_shared<SystemFolders>();
}

} // namespace dovewatch::table
