// What stands in the way of the spool files, and what becomes of it.
#include "tests/exporters/spool_fixture.h"
#include "tests/exporters/spool_lock.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

using namespace dovewatch;
using namespace dovewatch::test;
using Catch::Contains;

namespace {

constexpr auto first_retry = std::chrono::milliseconds(200);

void plant_socket(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    close(made);
}

void plant(const std::string& what, const std::filesystem::path& path, const std::filesystem::path& victim) {
    if (what == "a symbolic link") {
        std::filesystem::create_symlink(victim, path);
    } else if (what == "a folder") {
        std::filesystem::create_directory(path);
    } else if (what == "a named pipe") {
        REQUIRE(mkfifo(path.c_str(), 0666) == 0);
    } else {
        plant_socket(path);
    }
}

class Mounted {
  public:
    Mounted(std::filesystem::path path, const char* options) : path_(std::move(path)) {
        done_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, options) == 0;
    }
    Mounted(const Mounted&) = delete;
    Mounted& operator=(const Mounted&) = delete;
    ~Mounted() {
        if (done_) {
            umount2(path_.c_str(), MNT_DETACH);
        }
    }

    bool done() const { return done_; }
    void set_read_only(bool wanted) const {
        REQUIRE(mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | (wanted ? MS_RDONLY : 0), nullptr) == 0);
    }

  private:
    std::filesystem::path path_;
    bool done_ = false;
};

void fill(const std::filesystem::path& ballast) {
    std::ofstream stream(ballast, std::ios::binary);
    while (stream.write(std::string(4096, 'x').data(), 4096).flush()) {
    }
}

constexpr const char* mount_reason = "only root can mount a small disk";

} // namespace

TEST_CASE("A file that another process holds locked waits, and the others do not") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "sue")});
    const short type = GENERATE(as<short>{}, F_WRLCK, F_RDLCK);
    {
        const LockHolder holder(spool.file("joe"), type);
        spool.take({past(3, "joe"), past(4, "sue")});
        CHECK(spool.push() == first_retry);
        CHECK(spool.text("joe") == content(1));
        CHECK(spool.text("sue") == content(2));
        spool.steady += std::chrono::seconds(59);
        CHECK(spool.push() == first_retry);
        spool.steady += std::chrono::seconds(1);
        CHECK_THAT(spool.trouble(), Contains("/joe is locked by process " + std::to_string(holder.pid())));
        spool.take({past(5, "joe")});
        CHECK_THAT(spool.trouble(), Contains("locked"));
    }
    CHECK(spool.push() > first_retry);
    CHECK(spool.text("joe") == content(3));
    CHECK(spool.counted("files found locked by others") == 1);
}

TEST_CASE("What a locking writer of old adds while we wait is kept") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    {
        const LockHolder holder(spool.file("joe"));
        spool.take({past(2, "joe")});
        spool.push();
        write_bytes(spool.file("joe"), content(2));
    }
    spool.push();
    CHECK(spool.text("joe") == content(3));
}

TEST_CASE("What is planted at a user's place is not followed, is named, and the file comes once it is gone") {
    Spool spool;
    const std::string what =
        GENERATE(as<std::string>{}, "a symbolic link", "a folder", "a named pipe", "a socket");
    const auto victim = spool.folder / "passwd";
    write_bytes(victim, "root:x:0:0\n");
    plant(what, spool.file("joe"), victim);
    const auto before = mtime_of(spool.file("joe"));
    spool.take({past(1, "joe"), past(2, "sue")});
    for (int i = 0; i < 2; ++i) {
        CHECK_THAT(spool.trouble(), Contains("/joe is " + what) && Contains("remove it"));
    }
    CHECK(spool.text("sue") == content(1));
    CHECK(bytes_of(victim) == "root:x:0:0\n");
    CHECK(mtime_of(spool.file("joe")) == before);
    CHECK(spool.counted("places taken by what is no file") == 1);
    std::filesystem::remove(spool.file("joe"));
    spool.push();
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A link to a number outside is neither read nor written") {
    Spool spool;
    const auto victim = spool.folder / "number";
    write_bytes(victim, "17\n");
    std::filesystem::create_symlink(victim, spool.file("joe"));
    spool.take({past(1, "joe")});
    CHECK_THAT(spool.trouble(), Contains("symbolic link"));
    std::filesystem::remove(spool.file("joe"));
    spool.push();
    CHECK(spool.text("joe") == content(1));
    CHECK(bytes_of(victim) == "17\n");
}

TEST_CASE("A link in place of a long name's folder is not followed") {
    Spool spool;
    const std::string name(300, 'a');
    const auto outside = spool.folder / "outside";
    std::filesystem::create_directory(outside);
    std::filesystem::create_symlink(outside, spool.file(name).parent_path());
    spool.take({past(1, name), past(2, "sue")});
    CHECK_THAT(spool.trouble(), Contains("is not a folder") && Contains("remove it"));
    CHECK(std::filesystem::is_empty(outside));
    CHECK(spool.text("sue") == content(1));
    std::filesystem::remove(spool.file(name).parent_path());
    spool.push();
    CHECK(spool.text(name) == content(1));
}

TEST_CASE("What is planted as the exporter's own folder is not followed, is named, and no session is lost") {
    Spool spool;
    const std::string what = GENERATE(as<std::string>{}, "a link to a folder", "a named pipe", "a socket");
    const auto outside = spool.folder / "outside";
    std::filesystem::create_directory(outside);
    std::filesystem::remove(spool.own());
    if (what == "a link to a folder") {
        std::filesystem::create_directory_symlink(outside, spool.own());
    } else {
        plant(what, spool.own(), outside);
    }
    spool.take({past(1, "joe")});
    const auto prepared = spool.exporter->prepare(spool.state);
    REQUIRE_FALSE(prepared);
    CHECK_THAT(prepared.error().message, Contains("/.dovewatch is not a folder") && Contains("remove it"));
    CHECK_THAT(spool.failure(), Contains("/.dovewatch is not a folder"));
    CHECK(spool.names().empty());
    CHECK(std::filesystem::is_empty(outside));
    std::filesystem::remove(spool.own());
    spool.push();
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A hard link to another file is neither written nor touched") {
    SpoolOptions options;
    options.touch_online = true;
    Spool spool(options);
    const auto victim = spool.folder / "passwd";
    write_bytes(victim, "root:x:0:0\n");
    const auto before = mtime_of(victim);
    std::filesystem::create_hard_link(victim, spool.file("joe"));
    spool.take_and_push({past(1, "joe"), session(2, "joe", noon)});
    CHECK(spool.text("joe") == content(1));
    CHECK(bytes_of(victim) == "root:x:0:0\n");
    CHECK(mtime_of(victim) == before);
}

TEST_CASE("Several failures are one message: the first, and how many others") {
    Spool spool;
    for (const char* name : {"a", "b", "c"}) {
        std::filesystem::create_directory(spool.file(name));
    }
    spool.take({past(1, "a"), past(2, "b"), past(3, "c"), past(4, "d")});
    CHECK_THAT(spool.trouble(), Contains("/a is a folder") && Contains("and 2 more"));
    CHECK(spool.text("d") == content(1));
}

TEST_CASE("A folder that is missing is named, loses nothing, and recovers") {
    Spool spool;
    std::filesystem::remove_all(spool.options.folder);
    const auto prepared = spool.exporter->prepare(spool.state);
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().kind == Error::Kind::unavailable);
    CHECK_THAT(prepared.error().message, Contains(spool.options.folder.string()) && Contains("create"));
    spool.take({past(1, "joe")});
    CHECK_THAT(spool.failure(), Contains("does not exist"));
    std::filesystem::create_directory(spool.options.folder);
    spool.take({past(2, "joe")});
    spool.push();
    CHECK(spool.text("joe") == content(2));
}

TEST_CASE("A spool folder that is a file is the administrator's mistake") {
    Spool spool;
    std::filesystem::remove_all(spool.options.folder);
    write_bytes(spool.options.folder, "");
    const auto prepared = spool.exporter->prepare(spool.state);
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().kind == Error::Kind::usage);
    CHECK_THAT(prepared.error().message, Contains("is not a folder"));
}

TEST_CASE("A full disk is named, leaves each file as it was, and recovers") {
    Spool spool;
    const Mounted disk(spool.options.folder, "size=64k");
    if (skip_unless(disk.done(), mount_reason)) {
        return;
    }
    spool.take_and_push({past(1, "joe")});
    fill(spool.options.folder / "ballast");
    spool.take({past(2, "joe"), past(3, "sue")});
    for (int i = 0; i < 2; ++i) {
        CHECK_THAT(spool.failure(), Contains(spool.options.folder.string()) && Contains("full"));
    }
    CHECK(spool.text("joe") == content(1));
    CHECK(spool.names() == std::vector<std::string>{"ballast", "joe"});
    std::filesystem::remove(spool.options.folder / "ballast");
    spool.take({past(4, "joe")});
    spool.push();
    CHECK(spool.text("joe") == content(3));
    CHECK(spool.text("sue") == content(1));
}

TEST_CASE("A folder on a disk without names left, or mounted read-only, recovers") {
    Spool spool;
    const Mounted disk(spool.options.folder, "nr_inodes=4");
    if (skip_unless(disk.done(), mount_reason)) {
        return;
    }
    spool.take({past(1, "a"), past(2, "b"), past(3, "c"), past(4, "d")});
    CHECK_THAT(spool.failure(), Contains("full"));
    disk.set_read_only(true);
    CHECK_THAT(spool.failure(), Contains("read-only"));
    disk.set_read_only(false);
    REQUIRE(mount(nullptr, spool.options.folder.c_str(), nullptr, MS_REMOUNT, "nr_inodes=100") == 0);
    spool.push();
    for (const char* name : {"a", "b", "c", "d"}) {
        CHECK(spool.text(name) == content(1));
    }
}

TEST_CASE("Without permission for the folder or a file the message names who lacks it") {
    if (skip_unless(geteuid() == 0, "only root can become another user")) {
        return;
    }
    Spool spool;
    REQUIRE(chmod((spool.folder / "state.db").c_str(), 0666) == 0);
    REQUIRE(chmod(spool.folder.path().c_str(), 0777) == 0);
    spool.take({past(1, "joe")});
    const bool may_own = GENERATE(false, true);
    if (may_own) {
        REQUIRE(chown(spool.own().c_str(), nobody, nobody) == 0);
    }
    CHECK(as_nobody(65534, [&] {
        demand(!spool.exporter->prepare(spool.state), "prepared");
        const auto pushed = spool.exporter->push(spool.state);
        demand(!pushed && pushed.error().kind == Error::Kind::unavailable, "pushed");
        demand(pushed.error().message.find("user 65534 lacks permission") != std::string::npos,
               pushed.error().message);
    }));
    spool.push();
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A process that may not give files away is told which keys to mend") {
    if (skip_unless(geteuid() == 0, "only root can become another user")) {
        return;
    }
    SpoolOptions options;
    options.group = 0;
    Spool spool(options);
    std::filesystem::remove(spool.own());
    REQUIRE(chmod(spool.options.folder.c_str(), 0777) == 0);
    REQUIRE(chmod((spool.folder / "state.db").c_str(), 0666) == 0);
    REQUIRE(chmod(spool.folder.path().c_str(), 0777) == 0);
    CHECK(as_nobody(65534, [&] {
        const auto prepared = spool.exporter->prepare(spool.state);
        demand(!prepared && prepared.error().kind == Error::Kind::usage, "prepared");
        demand(prepared.error().message.find("spool-group") != std::string::npos, prepared.error().message);
    }));
    CHECK(spool.names().empty());
}
