"""The ways in which Dovecot can run its session processes, and the services beside imap, pop3 and lmtp."""

from __future__ import annotations

import base64
import os
import signal
import smtplib
import subprocess
import unittest

from daemon_fixture import Daemon, ProbeTestCase
from dovecot_fixture import PASSWORD, Dovecot
from mail_clients import MESSAGE, Place, expect, open_imap, open_pop3, pop3_pipelined
from waiting import wait_until

LDA = "/usr/lib/dovecot/dovecot-lda"
NOBODY = 65534

STARTED_AHEAD = """
service imap {
  process_min_avail = 3
}
service pop3 {
  process_min_avail = 3
}
"""
SEVERAL_AT_ONCE = """
service imap {
  client_limit = 5
  service_count = 0
  process_limit = 1
}
"""
HIBERNATING = """
imap_hibernate_timeout = 1 s
service imap {
  extra_groups = $default_internal_group
  unix_listener imap-master {
    user = $default_internal_user
    mode = 0600
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0660
    group = $default_internal_group
  }
}
"""
RELAYING = """
submission_relay_host = 127.0.0.1
submission_backend_capabilities = 8BITMIME
"""


class ModeTestCase(ProbeTestCase):
    def start(self, settings: str = "", source: str = "auto", **options: str) -> None:
        self.dovecot = self.enterContext(Dovecot(settings=settings, **options))
        self.daemon = self.enterContext(Daemon("--source", source))
        self.place = Place(self.dovecot.ports, "127.0.0.9")

    def online(self) -> list[str]:
        return sorted(row["user"] for row in self.daemon.rows("session") if row["logout"] is None)

    def wait_for_online(self, *users: str) -> None:
        wait_until(lambda: self.online() == sorted(users), 10, f"{users} online")

    def row_of(self, user: str) -> dict:
        [row] = [row for row in self.daemon.rows() if row["user"] == user]
        return row

    def assert_exact(self, user: str, end: str = "logout") -> None:
        row = self.row_of(user)
        self.assertEqual((row["address"], row["login_estimated"], row["logout_estimated"], row["end"]),
                         ("127.0.0.9", False, False, end))


class StartedAheadTest(ModeTestCase):
    def test_processes_that_waited_before_the_daemon_came(self) -> None:
        self.start(STARTED_AHEAD)
        for number in range(10):
            pop3_pipelined(self.place, f"pop3-{number}")
            open_imap(self.place, f"imap-{number}").logout()
        wait_until(lambda: len(self.daemon.rows()) == 20 and not self.online(), 10, "20 sessions that ended")
        for number in range(10):
            self.assert_exact(f"pop3-{number}")
            self.assert_exact(f"imap-{number}")


class SeveralAtOnceTest(ModeTestCase):
    def test_what_has_a_name_stays_and_what_has_none_is_counted(self) -> None:
        self.start(SEVERAL_AT_ONCE)
        first = open_imap(self.place, "first")
        self.wait_for_online("first")
        second = open_imap(self.place, "second")
        self.assertEqual(self.online(), ["first"])
        wait_until(lambda: self._unnamed() > 0, 10, "the session without a name to be counted")
        second.logout()
        first.logout()
        self.wait_for_online()

    def _unnamed(self) -> int:
        [line] = [line for line in self.daemon.ask("status").splitlines() if "sessions without a name" in line]
        return int(line.removesuffix("LOST").split()[-1])


class HibernationTest(ModeTestCase):
    def test_a_session_that_sleeps_and_wakes_is_one_session(self) -> None:
        self.start(HIBERNATING)
        client = open_imap(self.place, "sleeper")
        client.select("INBOX")
        self.wait_for_online("sleeper")
        client.send(b"A IDLE\r\n")
        expect(client.readline(), b"+")
        wait_until(lambda: self.row_of("sleeper")["hibernated"], 20, "the session to hibernate")
        self.wait_for_online("sleeper")
        client.send(b"DONE\r\n")
        while not (line := client.readline()).startswith(b"A "):
            expect(line, b"*")
        wait_until(lambda: not self.row_of("sleeper")["hibernated"], 10, "the session to wake")
        self.wait_for_online("sleeper")
        client.logout()
        self.wait_for_online()
        self.assert_exact("sleeper")

    def test_a_client_that_goes_while_its_session_sleeps(self) -> None:
        self.start(HIBERNATING)
        client = open_imap(self.place, "sleeper")
        client.select("INBOX")
        self.wait_for_online("sleeper")
        client.send(b"A IDLE\r\n")
        wait_until(lambda: self.row_of("sleeper")["hibernated"], 20, "the session to hibernate")
        client.shutdown()
        self.wait_for_online()
        self.assertTrue(self.row_of("sleeper")["logout_estimated"])


class MasterTest(ModeTestCase):
    def test_a_reload_ends_no_session_that_goes_on(self) -> None:
        self.start("shutdown_clients = no")
        stays = open_imap(self.place, "stays")
        self.wait_for_online("stays")
        os.kill(self.dovecot.pid, signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in self.dovecot.log.read_text(), 10, "the reload")
        wait_until(self._can_log_in, 10, "Dovecot to serve again")
        wait_until(lambda: len(self.daemon.rows()) == 2, 10, "the next session")
        self.assertEqual(self.online(), ["stays"])
        stays.noop()
        stays.logout()
        self.wait_for_online()
        self.assert_exact("stays")

    def _can_log_in(self) -> bool:
        try:
            return bool(pop3_pipelined(self.place, "next"))
        except OSError:
            return False  # the login processes are being replaced

    def test_a_master_that_stops_ends_its_sessions(self) -> None:
        self.start()
        clients = [open_imap(self.place, "imap-user"), open_pop3(self.place, "pop3-user")]
        self.wait_for_online("imap-user", "pop3-user")
        self.dovecot.stop()
        self.wait_for_online()
        for user in ("imap-user", "pop3-user"):
            self.assertFalse(self.row_of(user)["logout_estimated"], user)
        clients[0].shutdown()
        clients[1].close()

    def test_a_session_process_that_is_told_to_end(self) -> None:
        self.start()
        client = open_imap(self.place, "told")
        self.wait_for_online("told")
        os.kill(self.row_of("told")["pid"], signal.SIGTERM)
        self.wait_for_online()
        self.assertFalse(self.row_of("told")["logout_estimated"])
        client.shutdown()


class ServicesTest(ModeTestCase):
    def test_submission(self) -> None:
        self.start(RELAYING, protocols="submission")
        with smtplib.SMTP("127.0.0.1", self.dovecot.ports.submission, source_address=("127.0.0.9", 0)) as client:
            client.login("author", PASSWORD)
            self.wait_for_online("author")
        self.wait_for_online()
        self.assert_exact("author")
        self.assertEqual(self.row_of("author")["service"], "submission")

    def test_managesieve(self) -> None:
        self.start(protocols="sieve")
        with self.place.connect(self.dovecot.ports.sieve) as connection, connection.makefile("rwb") as lines:
            self._skip_to_ok(lines)
            plain = base64.b64encode(f"\0filterer\0{PASSWORD}".encode()).decode()
            self._say(lines, f'AUTHENTICATE "PLAIN" "{plain}"')
            self.wait_for_online("filterer")
            self._say(lines, "LISTSCRIPTS")
            self._say(lines, "LOGOUT")
        self.wait_for_online()
        self.assert_exact("filterer")
        self.assertEqual(self.row_of("filterer")["service"], "managesieve")

    def _say(self, lines, words: str) -> None:
        lines.write(words.encode() + b"\r\n")
        lines.flush()
        self._skip_to_ok(lines)

    def _skip_to_ok(self, lines) -> None:
        while not (line := lines.readline()).startswith(b"OK"):
            if not line or line.startswith((b"NO", b"BYE")):
                raise ConnectionError(f"expected OK, received {line!r}")


class LdaTest(ModeTestCase):
    def test_deliveries_of_root_and_of_nobody_else(self) -> None:
        self.start()
        self._assert_deliveries_of_root()

    def test_the_same_without_probes(self) -> None:
        self.start(source="proc")
        self._assert_deliveries_of_root()

    def _assert_deliveries_of_root(self) -> None:
        self.assertEqual(self._deliver("-d", "rooted").returncode, 0)
        self.assertNotEqual(self._deliver("-d", "refused", "-o", "mail_location=maildir:/proc/nowhere").returncode, 0)
        self._deliver("-d", "forged", as_user=NOBODY)
        self.assertEqual(self._deliver("-d", "last").returncode, 0)
        wait_until(lambda: "last" in {row["user"] for row in self.daemon.rows("delivery")}, 10, "the last delivery")
        rows = self.daemon.rows("delivery")
        self.assertEqual([(row["user"], row["service"]) for row in rows], [("last", "lda"), ("rooted", "lda")])

    def _deliver(self, *words: str, as_user: int | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([LDA, "-c", self.dovecot.root / "dovecot.conf", *words], input=MESSAGE.encode(),
                              user=as_user, capture_output=True, timeout=30, check=False)


if __name__ == "__main__":
    unittest.main()
