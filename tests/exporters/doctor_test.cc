#include "exporters/terminal/doctor.h"
#include "exporters/terminal/doctor_check.h"
#include "exporters/terminal/doctor_run.h"
#include "exporters/terminal/formats.h"
#include "exporters/terminal/no_database.h"
#include "tests/exporters/fake_reader.h"
#include "tests/temporary_folder.h"

#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch::test {
namespace {

using namespace terminal;

constexpr const char* all_capabilities = "Name:\tx\nCapEff:\t000001ffffffffff\n";
constexpr const char* plain_mounts = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                                     "42 27 0:39 / /sys/fs/bpf rw,relatime shared:9 - bpf bpf rw,mode=700\n";

class StatusReader : public NoDatabase {
  public:
    explicit StatusReader(Result<StoreStatus> status)
        : NoDatabase({Error::Kind::failed, "not asked for"}), status_(std::move(status)) {}

    Result<StoreStatus> status() const override { return status_; }

  private:
    Result<StoreStatus> status_;
};

StoreStatus busy_status() {
    return {4711,
            DaemonStatus{4711,
                         "0.1.0",
                         "uprobe",
                         utc("2026-11-21T17:50:00"),
                         utc("2026-11-21T21:02:31"),
                         {{"kernel", "events", 12345, false},
                          {"kernel", "titles lost, ring buffer full", 0, true},
                          {"store", "changes dropped, store unavailable", 0, true}}},
            12, 2048};
}

// A host on which all is well; each test makes it ill in its own way.
class Clinic {
  public:
    Clinic() {
        write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        write("proc/sys/kernel/perf_event_paranoid", "2\n");
        write("sys/kernel/btf/vmlinux", "BTF");
        write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        write("sys/bus/event_source/devices/uprobe/type", "8\n");
        for (const std::string process : {"self", "4711"}) {
            write("proc/" + process + "/status", all_capabilities);
            write("proc/" + process + "/mountinfo", plain_mounts);
            write("proc/" + process + "/comm", "dovewatchd\n");
            link("proc/" + process + "/ns/pid", "pid:[4026531836]");
        }
        write("sbin/dovecot", "the program");
        mode("sbin/dovecot", 0755);
        runs_dovecot(812, getuid(), "sbin/dovecot");
        write("proc/812/maps", "55d0-55d1 r--p 00000000 fe:00 1 /usr/sbin/dovecot\n"
                               "7f00-7f01 r--p 00000000 fe:00 2 /usr/lib/dovecot/libdovecot.so.0.0.0\n");
        write("x.db", "");
    }

    void write(const std::string& file, std::string_view text) {
        std::filesystem::create_directories((folder_ / file).parent_path());
        std::ofstream(folder_ / file) << text;
    }
    void link(const std::string& file, const std::string& target) {
        std::filesystem::create_directories((folder_ / file).parent_path());
        std::filesystem::remove(folder_ / file);
        std::filesystem::create_symlink(target, folder_ / file);
    }
    void mode(const std::string& file, mode_t mode) { chmod((folder_ / file).c_str(), mode); }
    // A process that calls itself dovecot.
    void runs_dovecot(int pid, uid_t effective_uid, const std::string& program) {
        const std::string process = "proc/" + std::to_string(pid);
        write(process + "/comm", "dovecot\n");
        write(process + "/status", "Name:\tdovecot\nUid:\t0\t" + std::to_string(effective_uid) + "\t0\t0\n");
        link(process + "/exe", (folder_ / program).string());
    }
    void remove(const std::string& file) { std::filesystem::remove_all(folder_ / file); }

    // Who asks, and the daemon.
    void capabilities(std::string_view bits) {
        for (const std::string process : {"self", "4711"}) {
            write("proc/" + process + "/status", "CapEff:\t" + std::string(bits) + "\n");
        }
    }
    void mounts(const std::string& text) {
        write("proc/self/mountinfo", text);
        write("proc/4711/mountinfo", text);
    }

    // "warning: found -> mend", or "" if there is no such line.
    std::string says(std::string_view check) const {
        const StatusReader reader(status);
        const Host seen = host();
        const auto file = database();
        const Patient patient = patient_of(seen, reader, file, now, getuid());
        for (const auto checks :
             {kernel_checks(), process_checks(), dovecot_checks(), setting_checks(), store_checks()}) {
            for (const Check& each : checks) {
                if (each.name == check) {
                    return line(each.examine(patient));
                }
            }
        }
        return "no such check";
    }

    struct Seen {
        int exit_status = -1;
        std::string text;
    };

    Seen report(Format format = Format::table, bool colours = false) const {
        const int descriptor = memfd_create("report", 0);
        Output output(descriptor);
        const TimeZone zone = TimeZone::utc();
        const auto sink = format == Format::json  ? make_json(output)
                          : format == Format::csv ? make_csv(output, false)
                                                  : make_table(output, zone, colours);
        std::ostringstream notices;
        const StatusReader reader(status);
        const auto file = database();
        boost::program_options::variables_map settings;
        settings.emplace("master-uid",
                         boost::program_options::variable_value(std::uint32_t{getuid()}, false));
        const auto result = examine({reader, file, *sink, {now, zone}, notices, settings}, host());
        REQUIRE(output.flush());
        std::string text(static_cast<std::size_t>(lseek(descriptor, 0, SEEK_END)), '\0');
        REQUIRE(pread(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
        close(descriptor);
        return {result.value(), text};
    }

    std::filesystem::path database() const { return folder_ / database_name; }

    std::map<std::string, std::string> answers{{"dovecot --version", "2.3.19.1 (9b53102964)\n"},
                                               {"doveconf -h verbose_proctitle", "yes\n"},
                                               {"doveconf -h service/imap/client_limit", "1\n"},
                                               {"doveconf -h service/pop3/client_limit", "1\n"},
                                               {"doveconf -h service/submission/client_limit", "1\n"},
                                               {"doveconf -h imap_hibernate_timeout", "0\n"}};
    Result<StoreStatus> status = busy_status();
    UtcTime now = utc("2026-11-21T21:02:34");
    std::optional<std::uint64_t> free_bytes = std::uint64_t{5000} << 20;
    std::string database_name = "x.db";

  private:
    Host host() const {
        return {folder_ / "proc", folder_ / "sys",
                [this](const std::vector<std::string>& command) { return answer(command); },
                [this](const std::string& name) { return std::optional(folder_ / "sbin" / name); },
                [this](const std::filesystem::path& /*folder*/) { return free_bytes; }};
    }

    Result<std::string> answer(const std::vector<std::string>& command) const {
        std::string all;
        for (const std::string& word : command) {
            all += (all.empty() ? "" : " ") + word;
        }
        const auto found = answers.find(all);
        return found == answers.end() ? failed("it is not installed") : Result<std::string>(found->second);
    }

    static std::string line(const std::optional<Finding>& finding) {
        if (!finding) {
            return "";
        }
        const std::string arrow = finding->mend.empty() ? "" : " -> " + finding->mend;
        return std::string(to_string(finding->verdict)) + ": " + finding->found + arrow;
    }

    TemporaryFolder folder_;
};

// One check, one way of being ill, and what is said then.
struct Case {
    std::string_view check;
    void (*make_ill)(Clinic& clinic);
    std::string_view says;
};

void check_cases(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
        Clinic clinic;
        each.make_ill(clinic);
        INFO(each.check);
        CHECK_THAT(clinic.says(each.check), Catch::StartsWith(std::string(each.says)));
        CHECK(clinic.says(each.check).empty() == each.says.empty());
    }
}

TEST_CASE("doctor examines the kernel") {
    check_cases({
        {"kernel", [](Clinic&) {}, "ok: Linux 6.1.0-18-amd64"},
        {"kernel", [](Clinic& c) { c.write("proc/sys/kernel/osrelease", "5.15.0\n"); }, "ok: Linux 5.15.0"},
        {"kernel", [](Clinic& c) { c.write("proc/sys/kernel/osrelease", "5.14.0-70\n"); },
         "warning: Linux 5.14.0-70 cannot pin the probes in Dovecot's library"},
        {"kernel", [](Clinic& c) { c.write("proc/sys/kernel/osrelease", "5.13.0\n"); }, "warning: "},
        {"kernel", [](Clinic& c) { c.write("proc/sys/kernel/osrelease", "5.12.19\n"); },
         "problem: Linux 5.12.19 is too old for the probes, which need 5.13 -> "},
        {"kernel", [](Clinic& c) { c.write("proc/sys/kernel/osrelease", "4.19.0\n"); }, "problem: "},
        {"kernel", [](Clinic& c) { c.remove("proc/sys/kernel/osrelease"); }, "warning: the kernel's version"},
        {"BTF", [](Clinic&) {}, "ok: "},
        {"BTF", [](Clinic& c) { c.remove("sys/kernel/btf"); }, "problem: "},
        {"lockdown", [](Clinic&) {}, "ok: none"},
        {"lockdown", [](Clinic& c) { c.remove("sys/kernel/security"); }, "ok: none"},
        {"lockdown",
         [](Clinic& c) { c.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"); },
         "ok: integrity"},
        {"lockdown",
         [](Clinic& c) { c.write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n"); },
         "ok: confidentiality, but the probes work"},
        {"lockdown",
         [](Clinic& c) {
             c.write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
             c.status->daemon->source = "proc";
         },
         "warning: confidentiality"},
        {"uprobes", [](Clinic&) {}, "ok: "},
        {"uprobes", [](Clinic& c) { c.remove("sys/bus/event_source/devices/uprobe"); }, "problem: "},
    });
}

TEST_CASE("doctor examines what the kernel lets the daemon do") {
    check_cases({
        {"perf events", [](Clinic&) {}, "ok: kernel.perf_event_paranoid is 2"},
        {"perf events", [](Clinic& c) { c.write("proc/sys/kernel/perf_event_paranoid", "4\n"); }, "ok: "},
        {"perf events",
         [](Clinic& c) {
             c.write("proc/sys/kernel/perf_event_paranoid", "4\n");
             c.capabilities("000000c000081000"); // BPF, PERFMON, SYS_PTRACE, NET_ADMIN
         },
         "warning: kernel.perf_event_paranoid is 4"},
        {"perf events", [](Clinic& c) { c.remove("proc/sys/kernel/perf_event_paranoid"); },
         "ok: no restriction"},
        {"bpffs", [](Clinic&) {}, "ok: mounted at /sys/fs/bpf"},
        {"bpffs", [](Clinic& c) { c.mounts("22 27 0:21 / /proc rw - proc proc rw\n"); },
         "warning: not mounted at /sys/fs/bpf, so what happens while dovewatchd is down is lost"},
        {"bpffs", [](Clinic& c) { c.mounts("22 27 0:21 / /sys/fs/bpf rw - tmpfs tmpfs rw\n"); }, "warning: "},
        {"bpffs",
         [](Clinic& c) {
             c.mounts("");
             c.status->daemon_pid.reset();
         },
         "ok: not mounted yet"},
        {"bpffs", [](Clinic& c) { c.remove("proc/4711/mountinfo"); }, ""},
    });
}

TEST_CASE("doctor examines the capabilities of the daemon, or else its own") {
    check_cases({
        {"capabilities", [](Clinic&) {}, "ok: dovewatchd has all it needs"},
        {"capabilities", [](Clinic& c) { c.status->daemon_pid.reset(); }, "ok: this user has all it needs"},
        {"capabilities", [](Clinic& c) { c.capabilities("000000c000081000"); }, "ok: "},
        {"capabilities", [](Clinic& c) { c.capabilities("0000000000281000"); }, "ok: "}, // SYS_ADMIN
        {"capabilities", [](Clinic& c) { c.capabilities("0000000000081000"); },
         "problem: dovewatchd lacks CAP_BPF and CAP_PERFMON, so"},
        {"capabilities", [](Clinic& c) { c.capabilities("0000008000081000"); },
         "problem: dovewatchd lacks CAP_PERFMON, so"},
        {"capabilities", [](Clinic& c) { c.capabilities("0000004000081000"); },
         "problem: dovewatchd lacks CAP_BPF, so"},
        {"capabilities", [](Clinic& c) { c.capabilities("000000c000001000"); },
         "problem: dovewatchd lacks CAP_SYS_PTRACE"},
        {"capabilities", [](Clinic& c) { c.capabilities("000000c000080000"); },
         "warning: dovewatchd lacks CAP_NET_ADMIN"},
        {"capabilities",
         [](Clinic& c) {
             c.capabilities("0000000000000000");
             c.status->daemon_pid.reset();
         },
         ""},
        {"view", [](Clinic&) {}, ""},
        {"view", [](Clinic& c) { c.write("proc/self/status", "CapEff:\t0000000000000000\n"); },
         "warning: not run as root, so not all could be checked -> sudo dovewatch doctor"},
    });
}

TEST_CASE("doctor examines the PID namespace and hidepid") {
    constexpr const char* hidden = "22 27 0:21 / /proc rw - proc proc rw,hidepid=invisible,gid=4\n";
    check_cases({
        {"pid namespace", [](Clinic&) {}, "ok: the host's own"},
        {"pid namespace", [](Clinic& c) { c.link("proc/4711/ns/pid", "pid:[4026532600]"); }, "warning: "},
        {"pid namespace", [](Clinic& c) { c.remove("proc/4711/ns/pid"); }, ""},
        {"hidepid", [](Clinic&) {}, "ok: /proc shows every process"},
        {"hidepid", [](Clinic& c) { c.mounts("1 2 0:1 / /proc rw - proc proc rw,hidepid=0\n"); },
         "ok: /proc shows"},
        {"hidepid", [](Clinic& c) { c.mounts(hidden); },
         "ok: hidepid=invisible, which does not bind dovewatchd"},
        {"hidepid",
         [](Clinic& c) {
             c.mounts(hidden);
             c.capabilities("0000000000000000");
         },
         "warning: hidepid=invisible hides Dovecot from who has not CAP_SYS_PTRACE -> give dovewatchd"},
    });
}

TEST_CASE("doctor examines the Dovecot that runs") {
    check_cases({
        {"Dovecot", [](Clinic&) {}, "ok: one runs (pid 812)"},
        {"Dovecot", [](Clinic& c) { c.runs_dovecot(99, getuid(), "sbin/dovecot"); },
         "ok: 2 run (pid 99, 812)"},
        {"Dovecot", [](Clinic& c) { c.remove("proc/812"); }, "warning: none runs -> "},
        {"Dovecot version", [](Clinic&) {}, "ok: 2.3.19.1 (9b53102964)"},
        {"Dovecot version", [](Clinic& c) { c.answers["dovecot --version"] = "2.4.1-4 (7d8c0e5759)\n"; },
         "ok: 2.4.1-4 (7d8c0e5759), which shows [idling] during a session; the probes know better"},
        {"Dovecot version",
         [](Clinic& c) {
             c.answers["dovecot --version"] = "2.3.21.1 (d492236fa0)\n";
             c.status->daemon->source = "proc";
         },
         "warning: 2.3.21.1 (d492236fa0) shows [idling] during a session"},
        {"Dovecot version",
         [](Clinic& c) {
             c.answers["dovecot --version"] = "2.4.1-4 (7d8c0e5759)\n";
             c.status->daemon->source = "uprobe and switch";
         },
         "warning: 2.4.1-4 (7d8c0e5759) shows [idling] during a session, so the source uprobe and switch"},
        {"Dovecot version", [](Clinic& c) { c.answers.clear(); },
         "warning: `dovecot` cannot be asked: it is not installed -> "},
        {"libdovecot", [](Clinic&) {}, "ok: /usr/lib/dovecot/libdovecot.so.0.0.0"},
        {"libdovecot", [](Clinic& c) { c.remove("proc/812/maps"); }, ""},
        {"libdovecot",
         [](Clinic& c) { c.write("proc/812/maps", "55d0-55d1 r--p 0 fe:00 1 /sbin/dovecot\n"); },
         "problem: process 812 has no libdovecot.so.0"},
        {"libdovecot",
         [](Clinic& c) {
             c.write("proc/812/maps", "7f00-7f01 r--p 0 fe:00 2 /usr/lib/libdovecot.so.0.0.0 (deleted)\n");
         },
         "warning: process 812 uses a /usr/lib/libdovecot.so.0.0.0 that was replaced since -> "},
    });
}

TEST_CASE("doctor takes no stranger for a Dovecot master") {
    check_cases({
        {"Dovecot", [](Clinic& c) { c.runs_dovecot(99, getuid() + 1, "sbin/dovecot"); },
         "ok: one runs (pid 812)"},
        {"Dovecot",
         [](Clinic& c) {
             c.write("sbin/su", "another program");
             c.mode("sbin/su", 0755);
             c.runs_dovecot(99, getuid(), "sbin/su");
         },
         "ok: one runs (pid 812)"},
        {"Dovecot", [](Clinic& c) { c.mode("sbin/dovecot", 04755); }, "warning: none runs"},
        {"Dovecot", [](Clinic& c) { c.mode("sbin/dovecot", 0775); }, "warning: none runs"},
        {"libdovecot",
         [](Clinic& c) {
             c.runs_dovecot(99, getuid() + 1, "sbin/dovecot");
             c.write("proc/99/maps", "55d0-55d1 r--p 0 fe:00 1 /home/u/dovecot\n");
         },
         "ok: /usr/lib/dovecot/libdovecot.so.0.0.0"},
        {"Dovecot",
         [](Clinic& c) {
             c.capabilities("0000000000000000"); // so it may not see what a process runs
             c.remove("proc/812/exe");
         },
         "ok: one runs (pid 812)"},
    });
}

TEST_CASE("doctor says whose version it tells") {
    Clinic clinic;
    clinic.write("opt/dovecot", "another one");
    clinic.mode("opt/dovecot", 0755);
    clinic.runs_dovecot(99, getuid(), "opt/dovecot");
    CHECK_THAT(clinic.says("Dovecot version"),
               Catch::EndsWith("/sbin/dovecot is 2.3.19.1 (9b53102964); process 99 runs another file, whose "
                               "version is not known"));
    clinic.capabilities("0000000000000000"); // so it may not see what a process runs
    CHECK_THAT(clinic.says("Dovecot version"), Catch::EndsWith("/sbin/dovecot is 2.3.19.1 (9b53102964)"));
}

TEST_CASE("doctor examines Dovecot's settings") {
    check_cases({
        {"verbose_proctitle", [](Clinic&) {}, "ok: yes"},
        {"verbose_proctitle", [](Clinic& c) { c.answers["doveconf -h verbose_proctitle"] = "no\n"; },
         "problem: it is off, so Dovecot shows no users and no session is seen -> add the line "
         "`verbose_proctitle = yes`"},
        {"verbose_proctitle", [](Clinic& c) { c.answers.clear(); },
         "warning: `doveconf` cannot be asked: it is not installed -> "},
        {"client_limit", [](Clinic&) {}, "ok: 1"},
        {"client_limit",
         [](Clinic& c) {
             c.answers["doveconf -h service/imap/client_limit"] = "100\n";
             c.answers["doveconf -h service/pop3/client_limit"] = "unlimited\n";
             c.answers["doveconf -h service/submission/client_limit"] = "";
         },
         "warning: more than 1 for imap (100), pop3 (unlimited): "},
        {"client_limit", [](Clinic& c) { c.answers.clear(); }, ""},
        {"hibernation", [](Clinic&) {}, "ok: off"},
        {"hibernation", [](Clinic& c) { c.answers["doveconf -h imap_hibernate_timeout"] = "30 secs\n"; },
         "ok: after 30 secs; "},
        {"hibernation", [](Clinic& c) { c.answers.clear(); }, ""},
    });
}

TEST_CASE("doctor examines the daemon and its losses") {
    check_cases({
        {"dovewatchd", [](Clinic&) {}, "ok: runs (pid 4711, last event 3s ago)"},
        {"dovewatchd", [](Clinic& c) { c.status->daemon.reset(); }, "ok: runs (pid 4711, no event yet)"},
        {"dovewatchd", [](Clinic& c) { c.status->daemon->source = "proc"; }, "warning: runs without probes"},
        {"dovewatchd", [](Clinic& c) { c.status->daemon->source = "switch"; },
         "warning: reads titles when a process goes to sleep, and so misses short sessions and many LMTP "
         "deliveries (last event 3s ago) -> set source = auto"},
        {"dovewatchd", [](Clinic& c) { c.status->daemon->source = "uprobe and switch"; },
         "warning: finds no title function in the library of some Dovecot"},
        {"dovewatchd", [](Clinic& c) { c.status->daemon_pid.reset(); },
         "problem: does not run (last event 3s ago) -> systemctl start dovewatchd"},
        {"losses", [](Clinic&) {}, "ok: nothing lost"},
        {"losses",
         [](Clinic& c) {
             c.status->daemon->counters[1].value = 2;
             c.status->daemon->counters[2].value = 1;
         },
         "warning: 3 lost since the probes or dovewatchd were started (2 titles lost, ring buffer full; "
         "1 changes dropped, store unavailable) -> raise ring-buffer-seconds in "
         "/etc/dovewatch/dovewatch.conf, then systemctl restart dovewatchd, which leaves no gap where its "
         "unit says RestartKillSignal=SIGHUP; `journalctl"},
        {"losses", [](Clinic& c) { c.status->daemon->counters[2].value = 1; },
         "warning: 1 lost since the probes or dovewatchd were started (1 changes dropped, store "
         "unavailable) -> `journalctl"},
        {"losses",
         [](Clinic& c) {
             c.status->daemon->counters[1].value = 0;
             c.status->daemon->counters.push_back({"monitor", "sessions without a name", 4, true});
         },
         "warning: 4 lost since the probes or dovewatchd were started (4 sessions without a name) -> set "
         "client_limit = 1"},
        {"losses",
         [](Clinic& c) {
             c.status->daemon->counters.push_back({"kernel", "titles lost, unreadable", 1, true});
             c.status->daemon->counters.push_back({"kernel", "processes lost, no memory", 1, true});
         },
         "warning: 2 lost since the probes or dovewatchd were started (1 titles lost, unreadable; 1 "
         "processes "
         "lost, no memory) -> `dovewatch status` counts them; who was still online has been found again in "
         "/proc"},
        {"losses", [](Clinic& c) { c.status->daemon.reset(); }, ""},
    });
}

TEST_CASE("doctor examines the database, its disk and the clock") {
    check_cases({
        {"free space", [](Clinic&) {}, "ok: 5000 MiB free in "},
        {"free space", [](Clinic& c) { c.free_bytes = std::uint64_t{99} << 20; }, "warning: 99 MiB free in "},
        {"free space", [](Clinic& c) { c.free_bytes = 4096; }, "problem: the file system of "},
        {"free space", [](Clinic& c) { c.free_bytes.reset(); }, ""},
        {"clock", [](Clinic&) {}, "ok: it says 2026-11-21 21:02:34 +00:00"},
        {"clock", [](Clinic& c) { c.now = utc("1970-01-01T00:10:00"); },
         "problem: it says 1970-01-01 00:10:00 +00:00, so every login gets a wrong time -> timedatectl"},
        {"clock", [](Clinic& c) { c.now = utc("2026-11-21T18:02:31"); },
         "warning: it says 2026-11-21 18:02:31 +00:00, 3h00m before the last event: it was set back -> "},
    });
}

TEST_CASE("doctor tells why a database cannot be read") {
    Clinic clinic;
    CHECK(clinic.says("database") == "ok: " + clinic.database().string() + ", 2.0 KiB (2048 bytes)");
    clinic.status = failed("x.db is no database: move it away");
    CHECK(clinic.says("database") == "problem: x.db is no database: move it away");
    CHECK(clinic.says("dovewatchd").empty());
    CHECK(clinic.says("losses").empty());
    clinic.database_name = "y.db";
    CHECK(clinic.says("database") ==
          "problem: " + clinic.database().string() + " does not exist yet -> systemctl start dovewatchd");
    clinic.database_name = "z/y.db";
    const std::string folder = clinic.database().parent_path().string();
    CHECK(clinic.says("database") == "problem: its folder " + folder + " does not exist -> mkdir -p " +
                                         folder + ", then systemctl start dovewatchd");
}

TEST_CASE("doctor's exit status is the worst finding") {
    Clinic clinic;
    CHECK(clinic.report().exit_status == 0);
    CHECK_THAT(clinic.report().text,
               Catch::StartsWith("result   check              finding\n"
                                 "ok       kernel             Linux 6.1.0-18-amd64\n") &&
                   Catch::EndsWith("\n\nall is well\n"));
    clinic.remove("proc/812");
    CHECK(clinic.report().exit_status == 4);
    CHECK_THAT(clinic.report().text,
               Catch::Contains("\nwarning  Dovecot            none runs -> systemctl start dovecot\n") &&
                   Catch::EndsWith("\n\nproblems: 0, warnings: 1\n"));
    clinic.remove("sys/kernel/btf");
    CHECK(clinic.report().exit_status == 5);
    CHECK_THAT(clinic.report().text, Catch::EndsWith("\n\nproblems: 1, warnings: 1\n"));
    CHECK(clinic.report(Format::csv).exit_status == 5);
}

TEST_CASE("doctor colours what is wrong") {
    Clinic clinic;
    const std::string red = "\x1b[1;31m";
    CHECK(clinic.report(Format::table, true).text.find(red) == std::string::npos);
    clinic.remove("sys/kernel/btf");
    CHECK_THAT(clinic.report(Format::table, true).text, Catch::Contains(red + "problem"));
    CHECK(clinic.report().text.find('\x1b') == std::string::npos);
}

TEST_CASE("doctor gives programs one record for each finding") {
    Clinic clinic;
    clinic.remove("proc/812");
    const auto rows = nlohmann::json::parse(clinic.report(Format::json).text);
    CHECK(rows[0] ==
          nlohmann::json::parse(
              R"({"check": "kernel", "result": "ok", "finding": "Linux 6.1.0-18-amd64", "mend": null})"));
    CHECK_THAT(clinic.report(Format::csv).text,
               Catch::StartsWith("check,result,finding,mend\nkernel,ok,Linux 6.1.0-18-amd64,\n") &&
                   Catch::Contains("\nDovecot,warning,none runs,systemctl start dovecot\n"));
}

TEST_CASE("doctor is a command") {
    const auto help = dovewatch({}, {"doctor", "--help"});
    CHECK(help.status == 0);
    CHECK_THAT(help.out, Catch::StartsWith("Usage: dovewatch doctor [OPTIONS]\n") &&
                             Catch::Contains("4 at least one warning, 5 at least one problem"));
    CHECK(dovewatch({}, {"doctor", "x"}).status == 2);
}

TEST_CASE("the last mount at a point hides the others") {
    const std::string mounts = "1 2 0:1 / /proc rw - proc proc rw\n"
                               "short\n"
                               "3 2 0:1 / /proc rw shared:1 master:2 - tmpfs none rw,size=1\n"
                               "4 2 0:1 / /procs rw - proc proc rw\n"
                               "5 2 0:1 / /proc rw no dash\n";
    const auto mount = mount_at(mounts, "/proc");
    REQUIRE(mount);
    CHECK(mount->type == "tmpfs");
    CHECK(mount->options == "rw,size=1");
    CHECK_FALSE(mount_at(mounts, "/sys"));
}

TEST_CASE("a program is run without a shell and gives what it writes") {
    CHECK(run_program({"echo", "$HOME", "; ls"}) == "$HOME ; ls\n");
    CHECK(run_program({"cat"}) == ""); // nothing to read
    const auto much = run_program({"head", "-c", "300000", "/dev/zero"});
    REQUIRE(much);
    CHECK(much->size() == 300000);
}

TEST_CASE("a program that fails, hangs or is missing is an error") {
    CHECK(run_program({"dovewatch-test-no-such-program"}).error().message ==
          "it is not installed, or not in PATH");
    CHECK(run_program({"false"}).error().message == "it ended with exit status 1");
    CHECK(run_program({"sh", "-c", "kill -9 $$"}).error().message == "it was killed by signal 9");
    const std::chrono::milliseconds limit{50};
    CHECK(run_program({"sleep", "60"}, limit).error().message == "it took longer than 50 ms");
    CHECK(run_program({"sh", "-c", "exec >/dev/null; sleep 60"}, limit).error().message ==
          "it took longer than 50 ms");
    CHECK_FALSE(run_program({"cat", "/dev/zero"}, limit)); // one that never ends writing
}

TEST_CASE("the real host can be examined") {
    const Host host = this_host();
    CHECK(host.free_bytes("/"));
    CHECK(host.find("sh"));
    CHECK_FALSE(host.find("dovewatch-test-no-such-program"));
    CHECK_FALSE(host.free_bytes("/nowhere/at/all"));
    CHECK(contents(host.proc / "self/comm"));
    CHECK_FALSE(contents(host.proc / "self/nothing"));
    CHECK(host.run({"true"}) == "");
}

} // namespace
} // namespace dovewatch::test
