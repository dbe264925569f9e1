"""dovewatchd as a program: its options, its failures, its start and end, and the Dovecots it finds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import unittest
from collections import Counter
from functools import partial
from pathlib import Path

from daemon_fixture import DAEMON, STAND_INS, Daemon, ProbeTestCase, run_cli, run_daemon
from dovecot_fixture import DOVECOT, Dovecot
from mail_clients import Place, open_imap, pop3_pipelined, pop3_sequential, run_at_once
from waiting import wait_until


LIBRARY = "libdovecot.so.0"
SHT_DYNSYM = 11
SYMBOL_SIZE = 24


class OptionsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovewatch-options-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = str(self.folder / "dovewatch.db")

    def test_help_lists_the_options(self) -> None:
        result = run_daemon("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for option in ("--database", "--config", "--help", "--version"):
            self.assertIn(option, result.stdout)

    def test_version_is_the_same_in_all_programs(self) -> None:
        versions = [result.stdout.split()[-1] for result in (run_daemon("--version"), run_cli("--version"))]
        self.assertRegex(versions[0], r"^\d+\.\d+\.\d+$")
        self.assertEqual(versions[0], versions[1])

    def test_unknown_option(self) -> None:
        self._assert_refused(run_daemon("--nonsense"), 2, "--nonsense")

    def test_unknown_key_of_the_configuration_file(self) -> None:
        self._assert_config_refused("# comment\n\nnonsense = 1\n", line=3)

    def test_bad_value_in_the_configuration_file(self) -> None:
        self._assert_config_refused("ring-buffer-seconds = many\n", line=1)

    def test_configuration_file_that_is_missing(self) -> None:
        missing = self.folder / "missing.conf"
        self._assert_refused(run_daemon("--config", str(missing)), 2, str(missing))

    def test_folder_that_is_missing(self) -> None:
        missing = self.folder / "missing"
        self._assert_refused(run_daemon("--database", str(missing / "dovewatch.db")), 1, str(missing))

    def test_folder_where_nothing_can_be_made(self) -> None:
        self._assert_refused(run_daemon("--database", "/proc/dovewatch.db"), 1, "/proc/dovewatch.db")

    def test_file_that_is_no_database(self) -> None:
        Path(self.database).write_text("Not a database, but long enough to be taken for one. " * 100)
        before = Path(self.database).read_bytes()
        self._assert_refused(run_daemon("--database", self.database), 1, self.database)
        self.assertEqual(Path(self.database).read_bytes(), before)

    def test_ordinary_user(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root, to give it up")
        self.folder.chmod(0o777)
        result = subprocess.run(["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                 *self._readable_daemon(), "--database", self.database, "--source", "uprobe"],
                                capture_output=True, text=True, timeout=30, check=False)
        self._assert_refused(result, 1, "root")

    def _readable_daemon(self) -> list[str]:
        """A copy outside of folders such as /root."""
        return [shutil.copy(DAEMON, self.folder)]

    def _assert_config_refused(self, text: str, line: int) -> None:
        file = self.folder / "dovewatch.conf"
        file.write_text(text)
        self._assert_refused(run_daemon("--config", str(file), "--database", self.database), 2,
                             f"{file}:{line}:")

    def _assert_refused(self, result: subprocess.CompletedProcess[str], status: int, what: str) -> None:
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn(what, result.stderr)


class LifeTest(ProbeTestCase):
    def test_a_second_daemon_on_the_same_database_is_refused(self) -> None:
        with Daemon() as daemon:
            second = run_daemon("--database", str(daemon.database))
            self.assertEqual(second.returncode, 1, second.stderr)
            self.assertIn(str(daemon.pid), second.stderr)

    def test_status_of_a_daemon_that_runs_and_of_one_that_does_not(self) -> None:
        with Daemon() as daemon:
            self.assertIn(str(daemon.pid), daemon.ask("status"))
            self.assertEqual(json.loads(daemon.ask("status", "--json"))[0]["pid"], daemon.pid)
            daemon.stop()
            stopped = run_cli("status", "--database", str(daemon.database))
            self.assertEqual(stopped.returncode, 3)
            self.assertIn("not running", stopped.stdout)

    def test_nothing_is_lost_or_doubled_by_a_restart(self) -> None:
        with Dovecot() as dovecot, Daemon() as daemon:
            place = Place(dovecot.ports)
            stays, leaves = open_imap(place, "stays"), open_imap(place, "leaves")
            wait_until(lambda: online(daemon) == ["leaves", "stays"], 5, "two sessions online")
            daemon.stop()
            leaves.logout()
            daemon.start()
            self.assertEqual(online(daemon), ["stays"])
            stays.logout()
            wait_until(lambda: online(daemon) == [], 5, "the end of the last session")
            rows = {row["user"]: row for row in daemon.rows()}
            self.assertEqual(len(daemon.rows()), 2)
            self.assertEqual((rows["stays"]["end"], rows["leaves"]["end"]), ("logout", "lost"))

    def test_a_planned_restart_loses_nothing(self) -> None:
        with Dovecot() as dovecot, Daemon() as daemon:
            stays = open_imap(Place(dovecot.ports), "stays")
            visitor = threading.Thread(target=visit, args=(dovecot, 400))
            visitor.start()
            for restart in range(1, 6):
                wait_until(lambda: logins(dovecot) >= 60 * restart, 60, f"{60 * restart} logins")
                daemon.make_room()
                wait_until(lambda: logins(dovecot) >= 60 * restart + 20, 60, "logins that no daemon sees")
                daemon.start()
            visitor.join()
            stays.logout()
            wait_until(lambda: len(daemon.rows()) >= 401 and online(daemon) == [], 10, "all sessions to end")
            rows = daemon.rows()
            self.assertEqual(Counter(row["user"] for row in rows),
                             Counter([f"user{n}" for n in range(400)] + ["stays"]))
            self.assertEqual([row for row in rows if row["estimated"] or row["end"] != "logout"], [])

    def test_a_session_that_is_killed(self) -> None:
        with Dovecot() as dovecot, Daemon() as daemon:
            client = open_imap(Place(dovecot.ports), "victim")
            self.addCleanup(client.shutdown)
            wait_until(lambda: online(daemon) == ["victim"], 5, "the session online")
            os.kill(daemon.rows()[0]["pid"], signal.SIGKILL)
            wait_until(lambda: online(daemon) == [], 5, "the session's end")
            self.assertEqual(daemon.rows()[0]["end"], "signal")


class DoctorTest(ProbeTestCase):
    """Of the findings only those that this test decides; the others are about the machine."""

    def test_a_daemon_that_runs_and_one_that_was_stopped(self) -> None:
        with Dovecot() as dovecot, Daemon() as daemon:
            client = open_imap(Place(dovecot.ports), "sue")
            client.logout()
            wait_until(lambda: daemon.rows() and online(daemon) == [], 5, "the session")
            found = self._examine(daemon)
            for check in ("dovewatchd", "losses", "database", "Dovecot", "libdovecot", "capabilities"):
                self.assertEqual(found[check]["result"], "ok", found[check])
            self.assertIn(f"pid {daemon.pid},", found["dovewatchd"]["finding"])
            self.assertIn(str(dovecot.pid), found["Dovecot"]["finding"])
            self.assertRegex(found["Dovecot version"]["finding"], r"^2\.\d+")
            daemon.stop()
            found = self._examine(daemon)
            self.assertEqual(found["dovewatchd"]["result"], "problem")
            self.assertIn("systemctl start dovewatchd", found["dovewatchd"]["mend"])

    def test_a_daemon_without_probes(self) -> None:
        with Daemon("--source", "proc") as daemon:
            self.assertEqual(self._examine(daemon)["dovewatchd"]["result"], "warning")

    def test_a_stranger_called_dovecot(self) -> None:
        with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program = shutil.copy("/usr/bin/sleep", Path(folder) / "dovecot")
            with subprocess.Popen([program, "60"], user=65534) as stranger:
                try:
                    found = self._examine(daemon)
                finally:
                    stranger.kill()
            self.assertNotIn(str(stranger.pid), found["Dovecot"]["finding"])
            self.assertNotIn(f"process {stranger.pid} ", found.get("libdovecot", {}).get("finding", ""))

    def _examine(self, daemon: Daemon) -> dict[str, dict]:
        """The findings by check; the exit status must be that of the worst."""
        result = run_cli("doctor", "--json", "--database", str(daemon.database))
        found = json.loads(result.stdout)
        status = {"ok": 0, "warning": 4, "problem": 5}
        self.assertEqual(result.returncode, max(status[finding["result"]] for finding in found), result.stdout)
        return {finding["check"]: finding for finding in found}


class DovecotTest(ProbeTestCase):
    """Which Dovecots the daemon finds. The first login comes as soon as Dovecot answers."""

    def test_one_that_starts_after_the_daemon(self) -> None:
        with Daemon() as daemon, Dovecot() as dovecot:
            self._assert_seen(daemon, dovecot)

    def test_one_that_is_started_again(self) -> None:
        with Dovecot() as first, Daemon() as daemon:
            self._assert_seen(daemon, first)
            first.stop()
            with Dovecot() as second:
                self._assert_seen(daemon, second)

    def test_one_with_a_library_of_its_own(self) -> None:
        """As in a container, or after an upgrade: another file, seen in a mount namespace alone."""
        with Dovecot() as usual, Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree("/usr/lib/dovecot", Path(folder) / "dovecot", symlinks=True)
            with Dovecot(command=with_mount(copy, Path("/usr/lib/dovecot"))) as other:
                self._assert_seen(daemon, other)
                self._assert_seen(daemon, usual)

    def test_one_whose_library_is_written_anew_in_its_place(self) -> None:
        """As `cp` and `rsync --inplace` do: the same inode, other code."""
        for dies in (False, True):
            with self.subTest(dies=dies), Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
                stand_in = Path(shutil.copytree(STAND_INS / "storm", Path(folder) / "storm"))
                self._assert_storm_seen(daemon, stand_in)
                if dies:
                    daemon.kill()
                (stand_in / LIBRARY).write_bytes((STAND_INS / "moved" / LIBRARY).read_bytes())
                if dies:
                    daemon.start()
                self._assert_storm_seen(daemon, stand_in)
                self.assertIn("written anew", daemon.messages())

    def _assert_storm_seen(self, daemon: Daemon, stand_in: Path) -> None:
        before = len(daemon.rows())
        library = (stand_in / LIBRARY).stat()
        pin = f"title-{library.st_dev}-{library.st_ino}-{library.st_mtime_ns}-{library.st_size}"
        with subprocess.Popen(["./dovecot", "storm", "0.2"], cwd=stand_in, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as master:
            wait_until(lambda: [path.name for path in daemon.pins().glob("title-*")] == [pin], 5, f"{pin} alone")
            said, _ = master.communicate("\n", timeout=30)
        sessions = int(said.split()[1])
        self.assertGreater(sessions, 0)
        wait_until(lambda: len(daemon.rows()) >= before + sessions, 5, f"{sessions} sessions")
        self.assertEqual(len(daemon.rows()), before + sessions)

    def test_one_whose_library_hides_the_title_function(self) -> None:
        """Its titles are read at sched_switch, those of the others by uprobe still."""
        with Dovecot() as usual, tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree("/usr/lib/dovecot", Path(folder) / "dovecot", symlinks=True)
            hide_function(copy / "libdovecot.so.0.0.0", b"process_title_set")
            with Dovecot(command=with_mount(copy, Path("/usr/lib/dovecot"))) as other, Daemon() as daemon:
                self._assert_found_and_named(daemon, other)
                self._assert_seen(daemon, usual)
                daemon.kill()
                daemon.start()
                self._assert_found_and_named(daemon, other)

    def _assert_found_and_named(self, daemon: Daemon, dovecot: Dovecot) -> None:
        self.assertIn("uprobe and switch", daemon.ask("status"))
        self.assertIn(f"titles of Dovecot master {dovecot.pid} are read when", daemon.messages())
        client = open_imap(Place(dovecot.ports), f"{daemon.pid}-sue")
        wait_until(lambda: online(daemon) == [f"{daemon.pid}-sue"], 5, "the session online")
        client.logout()
        wait_until(lambda: online(daemon) == [], 5, "its logout")

    def _assert_seen(self, daemon: Daemon, dovecot: Dovecot) -> None:
        names = [f"{dovecot.ports.pop3}-{n}" for n in range(20)]
        for name in names:
            pop3_pipelined(Place(dovecot.ports), name)
        wait_until(lambda: set(names) <= {row["user"] for row in daemon.rows()}, 5, f"20 sessions of {DOVECOT}")


def hide_function(library: Path, name: bytes) -> None:
    """Makes the symbol one of no type, which links as before, but is no function to those who look for one
    (ELF-64, System V ABI: Elf64_Shdr, Elf64_Sym)."""
    data = bytearray(library.read_bytes())
    [sections_at], [size, count] = struct.unpack_from("<Q", data, 40), struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, sections_at + n * size) for n in range(count)]
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind == SHT_DYNSYM:
            names_at = sections[link][4]
            for symbol in range(offset, offset + length, SYMBOL_SIZE):
                [name_at] = struct.unpack_from("<I", data, symbol)
                if data[names_at + name_at:].startswith(name + b"\0"):
                    data[symbol + 4] &= 0xF0
    library.write_bytes(data)


def with_mount(source: Path, target: Path) -> tuple[str, ...]:
    """A command's prefix that shows it `source` at `target`, in a mount namespace of its own."""
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    return ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, str(source), str(target))


def visit(dovecot: Dovecot, count: int) -> None:
    """`count` POP3 sessions, each of a user of its own."""
    ways = (pop3_sequential, pop3_pipelined)
    run_at_once([partial(ways[n % 2], Place(dovecot.ports), f"user{n}") for n in range(count)], clients=4)


def logins(dovecot: Dovecot) -> int:
    return dovecot.log.read_text(errors="replace").count(": Login: ")


def online(daemon: Daemon) -> list[str]:
    return sorted(row["user"] for row in json.loads(daemon.ask("who", "--json")))


if __name__ == "__main__":
    unittest.main()
