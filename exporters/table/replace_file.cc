#include "exporters/table/replace_file.h"

#include "store/file.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch::table {
namespace {

// 0, or an errno.
int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(descriptor, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int write_file(const std::string& name, std::string_view text, mode_t mode) {
    unlink(name.c_str());
    const int descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) {
        return errno;
    }
    int error = fchmod(descriptor, mode) == 0 ? write_all(descriptor, text) : errno;
    if (close(descriptor) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

} // namespace

Result<void> replace_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
    const std::string unfinished = file.string() + ".new";
    int error = write_file(unfinished, text, mode);
    if (error == 0 && rename(unfinished.c_str(), file.c_str()) != 0) {
        error = errno;
    }
    if (error == 0) {
        return {};
    }
    unlink(unfinished.c_str());
    Error refused = file_error(file, "written", error);
    refused.kind = Error::Kind::unavailable; // a folder can be made, and opened, while this program runs
    return tl::make_unexpected(refused);
}

} // namespace dovewatch::table
