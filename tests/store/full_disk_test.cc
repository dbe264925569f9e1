// A disk that is full, for real: a small tmpfs.
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <sys/mount.h>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

class SmallDisk {
  public:
    explicit SmallDisk(const char* options) {
        mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options) == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) {
            umount2(folder_.path().c_str(), MNT_DETACH);
        }
    }

    bool mounted() const { return mounted_; }
    std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

    // Takes all the room that is left.
    void fill() const {
        std::ofstream ballast(folder_ / "ballast", std::ios::binary);
        const std::string page(4096, 'x');
        while (ballast.write(page.data(), 4096).flush()) {
        }
    }
    void make_room() const { std::filesystem::remove(folder_ / "ballast"); }

  private:
    TemporaryFolder folder_;
    bool mounted_ = false;
};

std::vector<SessionChange> many_sessions(std::int64_t first_id) {
    std::vector<SessionChange> changes;
    for (std::int64_t id = first_id; id < first_id + 500; ++id) {
        changes.push_back(SessionBegan{session(id, "user" + std::to_string(id), id)});
    }
    return changes;
}

constexpr const char* reason = "only root can mount a small disk";

} // namespace

TEST_CASE("On a full disk a commit fails whole, and succeeds once there is room") {
    const SmallDisk disk("size=4m");
    if (skip_unless(disk.mounted(), reason)) {
        return;
    }
    const auto file = disk / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, many_sessions(1));
    disk.fill();
    const auto changes = many_sessions(1000);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto stored = writer->commit(changes, {});
        REQUIRE_FALSE(stored);
        CHECK(stored.error().kind == Error::Kind::unavailable);
        CHECK_THAT(stored.error().message, Catch::Contains("test.db") && Catch::Contains("full"));
        CHECK(online(file).size() == 500);
    }
    disk.make_room();
    must(writer->commit(changes, {}));
    CHECK(online(file).size() == 1000);
    for (const LastLogin& row : last_logins(file)) {
        REQUIRE(row.count == 1);
    }
}

TEST_CASE("A full disk keeps a database from being made, and leaves none behind") {
    const SmallDisk disk("size=64k");
    if (skip_unless(disk.mounted(), reason)) {
        return;
    }
    disk.fill();
    const auto file = disk / "test.db";
    const auto writer = Writer::open(file);
    REQUIRE_FALSE(writer);
    CHECK(writer.error().kind == Error::Kind::unavailable);
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("A full disk that fails in the middle of any page leaves whole batches") {
    const SmallDisk disk("size=1m");
    if (skip_unless(disk.mounted(), reason)) {
        return;
    }
    const auto file = disk / "test.db";
    std::size_t stored = 0;
    {
        const auto writer = open_writer(file);
        while (writer->commit(many_sessions(static_cast<std::int64_t>(stored) * 500 + 1), {})) {
            ++stored;
            REQUIRE(stored < 100);
        }
        CHECK(online(file).size() == stored * 500);
    }
    CHECK(online(file).size() == stored * 500);
}

TEST_CASE("A disk mounted read-only is named as such, and can be read") {
    const SmallDisk disk("size=4m");
    if (skip_unless(disk.mounted(), reason)) {
        return;
    }
    const auto file = disk / "test.db";
    make_database(file);
    REQUIRE(mount(nullptr, file.parent_path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    CHECK_THAT(Writer::open(file).error().message, Catch::Contains("mounted read-only"));
    CHECK(online(file).size() == 100);
}
