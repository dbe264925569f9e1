"""Every session and delivery of a real Dovecot, compared with Dovecot's own log."""

from __future__ import annotations

import unittest
from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from typing import Iterable

from daemon_fixture import Daemon, ProbeTestCase
from dovecot_fixture import Dovecot
from dovecot_log import DovecotLog, LoggedDelivery, LoggedSession, parse_time
from mail_clients import (Job, Place, Visit, imap_commands, imap_idle, lmtp_delivery, open_imap, open_pop3,
                          pop3_pipelined, pop3_sequential, run_at_once)
from waiting import wait_until

TOLERANCE = timedelta(milliseconds=50)

# Between its title and its log line Dovecot may be off the processor: of so many, and so long, on a busy machine.
DELAYED_SHARE = 0.01
DELAY = timedelta(seconds=1)

ADDRESSES = [f"127.0.0.{last}" for last in range(1, 8)] + ["::1"]

# Ahead of the clients and of what else the machine does, so that Dovecot logs what happens when it happens.
PROMPTLY = ("/usr/bin/nice", "--adjustment=-10")

# What tells one session or delivery from another, but for several of one user in one process.
Identity = tuple[str, str, str, int]
Span = tuple[datetime, "datetime | None"]


def place(dovecot: Dovecot, number: int) -> Place:
    addresses = ADDRESSES if "::1" in dovecot.addresses else ADDRESSES[:-1]
    return Place(dovecot.ports, addresses[number % len(addresses)])


def user(number: int) -> str:
    return f"user{number % 61}@example.org"


def pop3_and_imap_jobs(dovecot: Dovecot) -> list[Job]:
    sequential = [partial(pop3_sequential, place(dovecot, n), user(n)) for n in range(400)]
    pipelined = [partial(pop3_pipelined, place(dovecot, n), user(n)) for n in range(400)]
    imap = [partial((imap_commands, imap_idle)[n % 2], place(dovecot, n), user(n)) for n in range(100)]
    return [*sequential, *pipelined, *imap]


def delivery_jobs(dovecot: Dovecot) -> list[Job]:
    """200 deliveries in 100 messages to 1, 2 or 3 recipients."""
    counts = [1 + n % 3 for n in range(99)] + [2]
    return [partial(lmtp_delivery, place(dovecot, n), *(user(7 * n + r) for r in range(count)))
            for n, count in enumerate(counts)]


def logged_identity(row: LoggedSession | LoggedDelivery) -> Identity:
    return (getattr(row, "service", "lmtp"), row.user, row.address, row.pid)


def stored_identity(row: dict) -> Identity:
    return (row["service"], row["user"], row["address"], row["pid"])


def logged_span(row: LoggedSession | LoggedDelivery) -> Span:
    return (row.login, row.logout) if isinstance(row, LoggedSession) else (row.at, None)


def stored_span(row: dict) -> Span:
    return (parse_time(row["login"]), parse_time(row["logout"]) if row["logout"] else None)


def grouped(pairs: Iterable[tuple[Identity, Span]]) -> dict[Identity, list[Span]]:
    groups: dict[Identity, list[Span]] = defaultdict(list)
    for identity, span in pairs:
        groups[identity].append(span)
    return {identity: sorted(spans, key=lambda span: span[0]) for identity, spans in groups.items()}


class CaptureTest(ProbeTestCase):
    """The mail store is on tmpfs and never synced: no session waits for a disk."""

    maxDiff = 4000
    dovecot_settings = ""

    def test_all_sessions_and_deliveries_of_the_log_and_no_others(self) -> None:
        with Dovecot(settings=self.dovecot_settings, command=PROMPTLY) as dovecot:
            early = [open_imap(place(dovecot, n), f"early-imap{n}") for n in range(5)]
            early += [open_pop3(place(dovecot, n), f"early-pop3{n}") for n in range(5)]
            with Daemon() as daemon:
                visits = self._visit(dovecot)
                for client in early:
                    client.logout() if hasattr(client, "logout") else client.quit()
                dovecot.stop()
                log = DovecotLog(dovecot.log)
                self._assert_log_has(log, visits)
                expected = [*log.sessions, *log.deliveries]
                self._wait_for_ends(daemon, len(expected))
                self._compare(daemon.rows(), expected)

    def _visit(self, dovecot: Dovecot) -> list[Visit]:
        return run_at_once([*pop3_and_imap_jobs(dovecot), *delivery_jobs(dovecot)])

    def _assert_log_has(self, log: DovecotLog, visits: list[Visit]) -> None:
        """The clients did what the log says, so the comparison that follows is not of nothing."""
        logged = [Visit(*logged_identity(row)[:3]) for row in [*log.sessions, *log.deliveries]
                  if not row.user.startswith("early-")]
        self.assertEqual(sorted(visits), sorted(logged))
        self.assertEqual((len(log.sessions), len(log.deliveries)), (910, 200))

    def _wait_for_ends(self, daemon: Daemon, count: int) -> None:
        def done() -> bool:
            rows = daemon.rows()
            return len(rows) >= count and all(row["logout"] for row in rows if row["kind"] == "session")
        try:
            wait_until(done, 5, f"{count} rows that have ended")
        except TimeoutError:
            pass  # the comparison tells which are missing

    def _compare(self, rows: list[dict], expected: list[LoggedSession | LoggedDelivery]) -> None:
        stored = grouped((stored_identity(row), stored_span(row)) for row in rows)
        logged = grouped((logged_identity(row), logged_span(row)) for row in expected)
        self.assertEqual(sorted(stored), sorted(logged), "missing or invented")
        delayed = []
        for identity, spans in logged.items():
            self.assertEqual(len(stored[identity]), len(spans), f"stored and logged times of {identity}")
            for ours, theirs in zip(stored[identity], spans):
                delayed += self._delayed(identity, ours, theirs)
        self.assertLessEqual(len(delayed), DELAYED_SHARE * len(expected), delayed)

    def _delayed(self, identity: Identity, ours: Span, theirs: Span) -> list[str]:
        delayed = []
        for what, our_time, their_time in zip(("start", "end"), ours, theirs):
            if their_time is None:
                continue
            self.assertIsNotNone(our_time, f"{what} of {identity}")
            distance = abs(our_time - their_time)
            self.assertLess(distance, DELAY, f"{what} of {identity}")
            if distance > TOLERANCE:
                delayed.append(f"{what} of {identity}: {distance}")
        return delayed


class ReusedProcessTest(CaptureTest):
    """Processes that serve many users in turn, as Dovecot Pro 2.4 has them."""

    dovecot_settings = """
        service imap {
          service_count = 100
        }
        service pop3 {
          service_count = 100
        }
        """


if __name__ == "__main__":
    unittest.main()
