"""Each source in its own run of the same visits, and the daemon without its privileges."""

from __future__ import annotations

import os
import signal
import unittest
from functools import partial

from daemon_fixture import Daemon, ProbeTestCase
from dovecot_fixture import Dovecot, children_of
from mail_clients import (Place, imap_commands, lmtp_delivery, open_imap, pop3_pipelined, pop3_sequential,
                          run_at_once)
from waiting import wait_until

# How many of each kind.
VISITS = {"POP3": (pop3_sequential, 200), "POP3 pipelined": (pop3_pipelined, 200),
          "IMAP": (imap_commands, 100), "LMTP": (lmtp_delivery, 100)}
# The least shares that say that a source works; what it does capture is printed.
LEAST = {"uprobe": {kind: 1.0 for kind in VISITS}, "switch": {"POP3": 0.9, "IMAP": 0.9, "LMTP": 0.1},
         "proc": {"POP3": 0.3, "IMAP": 0.3}}
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
NEW_PID_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def user(kind: str, number: int) -> str:
    return f"{kind.replace(' ', '-').lower()}{number}"


class ShareTest(ProbeTestCase):
    def test_each_source(self) -> None:
        for source, least in LEAST.items():
            with self.subTest(source=source), Dovecot() as dovecot, Daemon("--source", source) as daemon:
                run_at_once([partial(way, Place(dovecot.ports, f"127.0.0.{1 + n % 8}"), user(kind, n))
                             for kind, (way, count) in VISITS.items() for n in range(count)])
                client = open_imap(Place(dovecot.ports), "last")
                wait_until(lambda: "last" in self._users(daemon), 10, "the last session")
                shares = self._shares(daemon)
                print(f"{source}: " + ", ".join(f"{kind} {share:.1%}" for kind, share in shares.items()))
                for kind, least_share in least.items():
                    self.assertGreaterEqual(shares[kind], least_share, kind)
                self.assertIn(source, daemon.ask("status"))
                client.logout()

    def _users(self, daemon: Daemon) -> set[str]:
        return {row["user"] for row in daemon.rows()}

    def _shares(self, daemon: Daemon) -> dict[str, float]:
        seen = self._users(daemon)
        return {kind: sum(user(kind, n) in seen for n in range(count)) / count
                for kind, (_, count) in VISITS.items()}


class UnprivilegedTest(ProbeTestCase):
    def test_an_ordinary_user(self) -> None:
        with Dovecot() as dovecot, Daemon(command=NOBODY) as daemon:
            self._assert_works_by_proc(dovecot, daemon)
            self.assertIn("run dovewatchd as root", daemon.messages())

    def test_root_without_capabilities(self) -> None:
        drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
        with Dovecot() as dovecot, Daemon(command=drop) as daemon:
            self._assert_works_by_proc(dovecot, daemon)

    def test_a_pid_namespace_of_its_own(self) -> None:
        with Dovecot(command=NEW_PID_NAMESPACE) as dovecot:
            [master] = children_of(dovecot.pid)
            with Daemon(command=("nsenter", "--pid", "--mount", f"--target={master}")) as daemon:
                self.assertIn("PID namespace", daemon.messages())
                self.assertIn("the process connector may not be used", daemon.messages())
                self._assert_works_by_proc(dovecot, daemon)
                daemon.kill()
            os.kill(master, signal.SIGTERM)  # ends the namespace, and the daemon with it

    def _assert_works_by_proc(self, dovecot: Dovecot, daemon: Daemon) -> None:
        self.assertIn("polling /proc", daemon.messages())
        client = open_imap(Place(dovecot.ports, "127.0.0.7"), "sue")
        wait_until(lambda: daemon.rows(), 5, "the session")
        [row] = daemon.rows()
        self.assertEqual((row["user"], row["address"], row["logout"]), ("sue", "127.0.0.7", None))
        client.logout()
        wait_until(lambda: daemon.rows()[0]["logout"], 5, "the logout")


if __name__ == "__main__":
    unittest.main()
