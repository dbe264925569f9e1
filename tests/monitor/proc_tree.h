// A small /proc with processes whose executables are files of the test.
#pragma once

#include "tests/temporary_folder.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

namespace dovewatch::test {

class ProcTree {
  public:
    const std::filesystem::path& path() const { return folder_.path(); }

    void write(std::int32_t pid, const std::string& name, const std::string& text) {
        std::filesystem::create_directories(folder_of(pid));
        std::ofstream(folder_of(pid) / name, std::ios::binary) << text;
    }

    void runs(std::int32_t pid, const std::string& program, mode_t mode = 0755) {
        write(pid, program, "program");
        chmod((folder_of(pid) / program).c_str(), mode);
        std::filesystem::create_symlink(folder_of(pid) / program, folder_of(pid) / "exe");
    }

    void remove(std::int32_t pid) { std::filesystem::remove_all(folder_of(pid)); }

  private:
    std::filesystem::path folder_of(std::int32_t pid) const { return path() / std::to_string(pid); }

    TemporaryFolder folder_;
};

} // namespace dovewatch::test
