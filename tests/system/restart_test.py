"""The daemon is killed, and nothing is lost: probes, ring buffer and state outlive it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import unittest
from collections import Counter
from functools import partial

from daemon_fixture import Daemon, ProbeTestCase, run_daemon
from dovecot_fixture import Dovecot
from mail_clients import Place, open_imap, pop3_pipelined, pop3_sequential, run_at_once
from waiting import wait_until

CLIENTS = 8
BPFTOOL = "/usr/sbin/bpftool"
WITHOUT_BPFFS = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", 'umount /sys/fs/bpf && exec "$0" "$@"')
LAYOUT_OFFSET = 16  # in struct dw_setup of bpf/probe_event.h


def place(dovecot: Dovecot, number: int) -> Place:
    return Place(dovecot.ports, f"127.0.0.{1 + number % CLIENTS}")


def visit(dovecot: Dovecot, first: int, count: int) -> None:
    """`count` POP3 sessions, each of a user of its own: user FIRST, FIRST + 1, ..."""
    ways = (pop3_sequential, pop3_pipelined)
    run_at_once([partial(ways[n % 2], place(dovecot, n), f"user{n}") for n in range(first, first + count)], CLIENTS)


class RestartTest(ProbeTestCase):
    maxDiff = 2000

    def setUp(self) -> None:
        self.dovecot = self.enterContext(Dovecot())
        self.daemon = self.enterContext(Daemon())

    def test_killed_20_times_during_2000_sessions(self) -> None:
        visitor = threading.Thread(target=visit, args=(self.dovecot, 0, 2000))
        visitor.start()
        for kill in range(1, 21):
            wait_until(lambda: self._logins() >= 90 * kill, 60, f"{90 * kill} logins")
            self.daemon.kill()
            self.daemon.start()
        visitor.join()
        self._wait_for(2000)
        self._assert_exact({f"user{n}": 1 for n in range(2000)})

    def test_sessions_while_no_daemon_ran(self) -> None:
        self.daemon.kill()
        visit(self.dovecot, 0, 400)
        self.daemon.start()
        self._assert_exact({f"user{n}": 1 for n in range(400)})

    def test_session_that_ends_while_no_daemon_runs(self) -> None:
        client = open_imap(place(self.dovecot, 0), "sue")
        self._wait_for(1)
        self.daemon.kill()
        client.logout()
        self.daemon.start()
        [row] = self.daemon.rows()
        self.assertEqual((row["user"], row["end"], row["estimated"]), ("sue", "logout", False))

    def test_killed_at_once_again_and_again(self) -> None:
        for _ in range(10):
            self.daemon.kill()
            self.assertEqual(self.daemon.rows(), [])
            self.daemon.start()

    def test_session_that_goes_on(self) -> None:
        client = open_imap(place(self.dovecot, 0), "sue")
        self._wait_for(1)
        self.daemon.kill()
        self.daemon.start()
        [row] = self.daemon.rows()
        self.assertEqual((row["user"], row["logout"], row["estimated"]), ("sue", None, False))
        client.logout()
        wait_until(lambda: self.daemon.rows()[0]["logout"], 5, "the logout")
        [row] = self.daemon.rows()
        self.assertFalse(row["estimated"])

    def test_probes_with_other_settings_are_drained_and_replaced(self) -> None:
        self.daemon.kill()
        visit(self.dovecot, 0, 100)
        self.daemon.options = ("--ring-buffer-seconds", "120")
        self.daemon.start()
        visit(self.dovecot, 100, 50)
        self._wait_for(150)
        self._assert_exact({f"user{n}": 1 for n in range(150)})
        self.assertIn("16777216", self.daemon.ask("status"))

    def test_probes_are_replaced_during_2000_sessions(self) -> None:
        """Daemons with other settings each time; some live to be ready, the others die wherever it hits them."""
        visitor = threading.Thread(target=visit, args=(self.dovecot, 0, 2000))
        visitor.start()
        for kill in range(1, 21):
            wait_until(lambda: self._logins() >= 90 * kill, 60, f"{90 * kill} logins")
            self.daemon.kill()
            self.daemon.options = ("--ring-buffer-seconds", str(60 * 2 ** (kill % 3)))
            if kill % 4 == 0:
                self.daemon.start()
            else:
                self.daemon.start_unready(0.04 * (kill % 7 + 1))
        self.daemon.kill()
        self.daemon.start()
        visitor.join()
        self._wait_for(2000)
        self._assert_exact({f"user{n}": 1 for n in range(2000)})
        self.assertEqual([path for path in self.daemon.pins().parent.iterdir() if path.name.endswith("-replaced")], [])

    def test_losses_of_replaced_probes_are_counted(self) -> None:
        self.daemon.kill()
        self.daemon.options = ("--ring-buffer-seconds", "1")
        self.daemon.start()
        self.daemon.kill()
        visit(self.dovecot, 0, 1500)
        self.daemon.options = ()
        self.daemon.start()
        self.assertRegex(self.daemon.ask("status"), r"titles lost, ring buffer full +[1-9][0-9]* +LOST")

    def test_probes_of_another_layout_are_drained_and_replaced(self) -> None:
        """As after an upgrade."""
        self.daemon.kill()
        visit(self.dovecot, 0, 100)
        ring_before = self._setup_bytes()[:8]
        self._pretend_older_layout()
        self.daemon.start()
        visit(self.dovecot, 100, 50)
        self._wait_for(150)
        self._assert_exact({f"user{n}": 1 for n in range(150)})
        self.assertNotEqual(self._setup_bytes()[:8], ring_before)

    def test_probes_of_a_later_layout_are_drained_and_replaced(self) -> None:
        """As after a downgrade: what says how they were set up is longer than known."""
        self.daemon.kill()
        visit(self.dovecot, 0, 100)
        value = self._setup_bytes()
        value[LAYOUT_OFFSET] = "0x63"
        longer = value + ["0x55"] * 4096
        setup = self.daemon.pins() / "setup"
        setup.unlink()
        subprocess.run([BPFTOOL, "map", "create", setup, "type", "array", "key", "4", "value", str(len(longer)),
                        "entries", "1", "name", "setup"], check=True)
        subprocess.run([BPFTOOL, "map", "update", "pinned", setup, "key", *"0000", "value", *longer], check=True)
        self.daemon.start()
        visit(self.dovecot, 100, 50)
        self._wait_for(150)
        self._assert_exact({f"user{n}": 1 for n in range(150)})

    def test_another_source_ends_the_probes_of_a_killed_daemon(self) -> None:
        self.daemon.kill()
        self.daemon.options = ("--source", "proc")
        self.daemon.start()
        self.assertIn("probes of an earlier dovewatchd are removed", self.daemon.messages())
        self.assertFalse(self.daemon.pins().exists())

    def test_what_another_source_has_stored_is_not_read_again(self) -> None:
        """The other daemon does not see the pins, so it cannot remove them."""
        self.daemon.kill()
        self.daemon.options, self.daemon.command = ("--source", "proc"), WITHOUT_BPFFS
        self.daemon.start()
        client = open_imap(place(self.dovecot, 0), "sue")
        self._wait_for(1)
        client.logout()
        wait_until(lambda: self.daemon.rows()[0]["logout"], 5, "the logout")
        self.daemon.kill()
        self.assertTrue(self.daemon.pins().exists())
        self.daemon.options, self.daemon.command = (), ()
        self.daemon.start()
        open_imap(place(self.dovecot, 1), "tom").logout()
        self._wait_for(2)
        self.assertEqual(sorted(row["user"] for row in self.daemon.rows()), ["sue", "tom"])

    def test_probes_that_were_taken_over_outlive_their_pins(self) -> None:
        self.daemon.kill()
        self.daemon.start()
        shutil.rmtree(self.daemon.pins())
        visit(self.dovecot, 0, 50)
        self._wait_for(50)
        self._assert_exact({f"user{n}": 1 for n in range(50)})

    def _setup_bytes(self) -> list[str]:
        lookup = subprocess.run([BPFTOOL, "-j", "map", "lookup", "pinned", self.daemon.pins() / "setup", "key", *"0000"],
                                capture_output=True, text=True, check=True)
        return json.loads(lookup.stdout)["value"]

    def _pretend_older_layout(self) -> None:
        value = self._setup_bytes()
        value[LAYOUT_OFFSET] = "0x01"
        subprocess.run([BPFTOOL, "map", "update", "pinned", self.daemon.pins() / "setup", "key", *"0000", "value", *value],
                       check=True)

    def test_a_stop_leaves_nothing_in_the_kernel(self) -> None:
        self.daemon.stop()
        self.assertIn("no kernel probes", self._unload())
        self.daemon.start()

    def test_what_a_killed_daemon_left_can_be_unloaded(self) -> None:
        refused = run_daemon("--unload", "--database", str(self.daemon.database))
        self.assertIn("stop that one first", refused.stderr)
        self.daemon.kill()
        self.assertIn("are gone", self._unload())
        self.assertIn("no kernel probes", self._unload())
        self.daemon.start()

    def test_killed_session_process(self) -> None:
        client = open_imap(place(self.dovecot, 0), "sue")
        self._wait_for(1)
        os.kill(self.daemon.rows()[0]["pid"], signal.SIGKILL)
        wait_until(lambda: self.daemon.rows()[0]["logout"], 5, "the end of the session")
        [row] = self.daemon.rows()
        self.assertEqual((row["end"], row["estimated"]), ("signal", False))
        client.shutdown()

    def _logins(self) -> int:
        return self.dovecot.log.read_text(errors="replace").count(": Login: ")

    def _wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.daemon.rows()) >= count, 10, f"{count} rows")

    def _assert_exact(self, expected: dict[str, int]) -> None:
        wait_until(lambda: all(row["logout"] for row in self.daemon.rows()), 10, "all sessions to end")
        rows = self.daemon.rows()
        self.assertEqual(Counter(row["user"] for row in rows), Counter(expected))
        self.assertEqual([row for row in rows if row["estimated"]], [])

    def _unload(self) -> str:
        result = run_daemon("--unload", "--database", str(self.daemon.database))
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr


class LossTest(ProbeTestCase):
    """A ring buffer that is too small for what comes while the daemon stands still."""

    def test_losses_are_counted_and_the_state_is_right_after_a_sweep(self) -> None:
        with Dovecot() as dovecot, Daemon("--ring-buffer-seconds", "1") as daemon:
            early = open_imap(place(dovecot, 0), "early")
            wait_until(lambda: daemon.rows(), 5, "the early session")
            os.kill(daemon.pid, signal.SIGSTOP)
            visit(dovecot, 0, 1500)
            early.logout()
            late = open_imap(place(dovecot, 1), "late")
            os.kill(daemon.pid, signal.SIGCONT)
            wait_until(lambda: self._online(daemon) == ["late"], 15, "a sweep that finds who is online")
            rows = {row["user"]: row for row in daemon.rows()}
            self.assertTrue(rows["early"]["logout_estimated"])
            self.assertTrue(rows["late"]["login_estimated"])
            self.assertIn("LOST", daemon.ask("status"))
            late.logout()

    def _online(self, daemon: Daemon) -> list[str]:
        return [row["user"] for row in daemon.rows() if row["logout"] is None]


if __name__ == "__main__":
    unittest.main()
