"""dovewatch-export behind a real Dovecot: spool files, table, logout lines, kills."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
import unittest
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import BinaryIO

from daemon_fixture import Daemon, ProbeTestCase, run_cli
from dovecot_fixture import PASSWORD, Dovecot
from export_fixture import EXPORT, Export, open_folder
from mail_clients import Place, expect, lmtp_delivery, open_imap, open_pop3, pop3_pipelined, run_at_once
from waiting import wait_until

USERS = 25
SESSIONS = 500
MESSAGES = 3 * SESSIONS // USERS
WHOLE = re.compile(r"\d+\ntop=\d+/\d+, retr=\d+/\d+, del=\d+/\d+, size=\d+\n")


def download_and_delete(place: Place, user: str, number: int) -> str:
    """Command by command, or all in one write; reads some messages and deletes one. Returns Dovecot's line of that."""
    if number % 2:
        client = open_pop3(place, user)
        messages, size = client.stat()
        retrieved = [client.retr(message) for message in range(1, 1 + number % 3)]
        client.dele(1)
        client.quit()
        sent = sum(len(reply) + len("\r\n") + octets for reply, _, octets in retrieved)
        return f"top=0/0, retr={len(retrieved)}/{sent}, del=1/{messages}, size={size}"
    commands = [f"USER {user}", f"PASS {PASSWORD}", "STAT", "TOP 2 0", "RETR 1", "DELE 1", "QUIT"]
    with place.connect(place.ports.pop3) as connection, connection.makefile("rb") as replies:
        connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        for _ in ("greeting", "USER", "PASS"):
            expect(replies.readline(), b"+OK")
        _, messages, size = replies.readline().decode().split()
        top, retrieved = sent_octets(replies), sent_octets(replies)
        replies.read()
    return f"top=1/{top}, retr=1/{retrieved}, del=1/{messages}, size={size}"


def sent_octets(replies: BinaryIO) -> int:
    """As Dovecot counts a message: with the line before it, without the one after it."""
    reply = replies.readline()
    expect(reply, b"+OK")
    octets = len(reply)
    while (line := replies.readline()) != b".\r\n":
        if not line:
            raise ConnectionError("the message has no end")
        octets += len(line)
    return octets


class ExportTestCase(ProbeTestCase):
    maxDiff = 3000

    def start(self, *options: str, exporters: str = "spool") -> None:
        self.dovecot = self.enterContext(Dovecot())
        folder = open_folder()
        self.addCleanup(shutil.rmtree, folder)
        self.daemon = self.enterContext(Daemon(folder=folder))
        self.export = self.enterContext(Export(self.daemon, *options, exporters=exporters))
        self.place = Place(self.dovecot.ports, "127.0.0.9")


class SpoolTest(ExportTestCase):
    def test_counters_and_lines_are_those_of_the_log_whatever_is_killed(self) -> None:
        self.start()
        self._deliver_messages()
        self._over, self._strays, self._visited = threading.Event(), set(), {}
        self.addCleanup(self._over.set)
        visitor, lister = threading.Thread(target=self._visit), threading.Thread(target=self._list_fresh_files)
        visitor.start()
        lister.start()
        for kill in range(1, 21):
            wait_until(lambda: self._logouts() >= SESSIONS * kill // 22, 60, "sessions to end")
            self.export.kill()
            self.export.start()
        visitor.join()
        logged = self._logged()
        self.assertEqual(sum(map(len, logged.values())), SESSIONS)
        for user, lines in logged.items():
            self.assertEqual(lines, self._visited[user], user)
        expected = {user: (len(lines), lines[-1]) for user, lines in logged.items()}
        try:
            wait_until(lambda: self._spooled() == expected, 15, "the spool files")
        except TimeoutError:
            self.assertEqual(self._spooled(), expected)
        self._over.set()
        lister.join()
        self.assertEqual(self._strays, set())
        self._check_store(logged)

    def _check_store(self, logged: dict[str, list[str]]) -> None:
        stored = defaultdict(list)
        for row in self.daemon.rows("session"):
            top, top_bytes, read, read_bytes, deleted, messages, _ = map(int, re.findall(r"\d+", row["statistics"]))
            self.assertEqual([row[name] for name in ("top", "retrieved", "deleted", "left", "bytes")],
                             [top, read, deleted, messages - deleted, top_bytes + read_bytes])
            stored[row["user"]].append(row["statistics"])
        self.assertEqual({user: sorted(lines) for user, lines in stored.items()},
                         {user: sorted(lines) for user, lines in logged.items()})

    def _deliver_messages(self) -> None:
        users = [f"user{n}@example.org" for n in range(USERS)]
        run_at_once([partial(lmtp_delivery, self.place, *users) for _ in range(MESSAGES)])

    def _visit(self) -> None:
        """Each user's sessions one after another, so that the log tells which was the last."""
        run_at_once([partial(self._visit_as, user) for user in range(USERS)])

    def _visit_as(self, user: int) -> list:
        name = f"user{user}@example.org"
        self._visited[name] = [download_and_delete(self.place, name, number) for number in range(SESSIONS // USERS)]
        return []

    def _logouts(self) -> int:
        return self.dovecot.log.read_text(errors="replace").count("Disconnected: ")

    def _logged(self) -> dict[str, list[str]]:
        lines = defaultdict(list)
        for line in self.dovecot.log.read_text().splitlines():
            head, found, rest = line.partition("Disconnected: Logged out ")
            if found and " pop3(" in head:
                lines[head.partition(" pop3(")[2].partition(")")[0]].append(rest)
        return dict(lines)

    def _spooled(self) -> dict[str, tuple[int, str] | None]:
        return {file.name: self.export.spool_file(file.name) for file in self.export.spool.iterdir() if file.is_file()}

    def _list_fresh_files(self) -> None:
        """As a map of who is online does, until the sessions are over."""
        while not self._over.is_set():
            for entry in os.scandir(self.export.spool):
                if entry.is_file(follow_symlinks=False):
                    self._read_as_listed(Path(entry))

    def _read_as_listed(self, file: Path) -> None:
        try:
            if file.stat().st_mtime > time.time() - 600 and not WHOLE.fullmatch(file.read_text()):
                self._strays.add(f"{file.name} is not whole")
        except FileNotFoundError:
            self._strays.add(f"{file.name} is missing")
        if not re.fullmatch(r"user\d+@example\.org", file.name):
            self._strays.add(f"{file.name} is no user")

    def test_a_change_comes_within_a_quarter_of_a_second(self) -> None:
        self.start()
        pop3_pipelined(self.place, "first")
        wait_until(lambda: self.export.spool_file("first"), 10, "the first spool file")
        delays = []
        for number in range(20):
            pop3_pipelined(self.place, f"user{number}")
            wait_until(lambda: self.export.spool_file(f"user{number}"), 5, "the spool file")
            written = os.stat(self.export.spool / f"user{number}")
            delays.append(time.time() - written.st_mtime)
        print(f"lag from logout to file: median {sorted(delays)[10] * 1000:.0f} ms, "
              f"most {max(delays) * 1000:.0f} ms")
        self.assertLess(sorted(delays)[10], 0.25)

    def test_once_and_replay(self) -> None:
        self.start()
        pop3_pipelined(self.place, "sue")
        wait_until(lambda: self.export.spool_file("sue"), 10, "the spool file")
        self.export.stop()
        pop3_pipelined(self.place, "sue")
        wait_until(lambda: all(row["logout"] for row in self.daemon.rows()) and len(self.daemon.rows()) == 2, 10,
                   "the second session")
        self.assertEqual(self.export.run("--once", "spool").stderr, "")
        self.assertEqual(self.export.spool_file("sue")[0], 2)
        (self.export.spool / "sue").unlink()
        self.assertEqual(self.export.run("--replay", "spool", "--since", "1h").stderr, "")
        self.assertEqual(self.export.spool_file("sue")[0], 2)
        self.export.start()
        pop3_pipelined(self.place, "sue")
        wait_until(lambda: self.export.spool_file("sue")[0] == 3, 10, "the service to run")
        busy = self.export.run("--once", "spool")
        self.assertEqual(busy.returncode, 1)
        self.assertIn("stop that one first", busy.stderr)


class ForgetTest(ExportTestCase):
    def test_a_person_is_removed_everywhere(self) -> None:
        """From the table when it is written next."""
        self.start("--table-interval", "1", exporters="spool, table")
        for user in ("sue", "tom"):
            pop3_pipelined(self.place, user)
            wait_until(lambda: self.export.spool_file(user), 10, "the spool file")
        self.assertEqual(self._behind(), {"spool": "nothing", "table": "nothing"})
        stays = open_imap(self.place, "sue")
        wait_until(lambda: len(self.daemon.rows()) == 3, 10, "the session that stays")
        self.assertEqual(self._forget("sue").returncode, 1)
        stays.logout()
        wait_until(lambda: all(row["logout"] for row in self.daemon.rows()), 10, "its end")
        forgotten = self._forget("sue")
        self.assertEqual((forgotten.returncode, forgotten.stderr), (0, ""))
        self.assertEqual({row["user"] for row in self.daemon.rows()}, {"tom"})
        self.assertIsNone(self.export.spool_file("sue"))
        wait_until(lambda: "sue" not in self.export.table.read_text(), 10, "the table without sue")
        pop3_pipelined(self.place, "sue")
        wait_until(lambda: self.export.spool_file("sue"), 10, "a new spool file")
        self.assertEqual(self.export.spool_file("sue")[0], 1)

    def _forget(self, user: str) -> subprocess.CompletedProcess[str]:
        return run_cli("forget", user, "--database", str(self.daemon.database), "--config", str(self._config()))

    def _behind(self) -> dict[str, str]:
        page = run_cli("status", "--database", str(self.daemon.database), "--config", str(self._config())).stdout
        rows = [line.split() for line in page.splitlines() if line.startswith(("spool ", "table "))]
        return {row[0]: row[1] for row in rows if not row[-1].isdigit() or len(row) == 4}

    def _config(self) -> Path:
        file = self.export.folder / "dovewatch.conf"
        file.write_text(f"export-state = {self.export.folder}/state.db\nspool-folder = {self.export.spool}\n")
        return file


class LogoutLineTest(ExportTestCase):
    def test_reasons_and_statistics_are_those_of_the_log(self) -> None:
        self.start()
        lmtp_delivery(self.place, "sue")
        client = open_imap(self.place, "sue")
        client.select("INBOX")
        client.fetch("1", "(BODY[])")
        client.logout()
        dropped = open_imap(self.place, "tom")
        dropped.shutdown()
        client = open_pop3(self.place, "ann")
        client.quit()
        wait_until(lambda: len(self._reasons()) == 3, 10, "three reasons")
        log = self.dovecot.log.read_text()
        for user, (reason, statistics) in self._reasons().items():
            self.assertIn(f"({user})", log)
            self.assertIn(f"Disconnected: {reason} {statistics}\n", log)
        self.assertEqual(self._reasons()["ann"], ("Logged out", "top=0/0, retr=0/0, del=0/0, size=0"))
        self.assertIn("Connection closed", self._reasons()["tom"][0])

    def _reasons(self) -> dict[str, tuple[str, str]]:
        return {row["user"]: (row["reason"], row["statistics"])
                for row in self.daemon.rows("session") if row["reason"]}


class TableTest(ExportTestCase):
    def test_the_table_of_a_host(self) -> None:
        self.start(exporters="spool, table")
        self.export.kill()
        self.export.options += ("--mail-location", f"maildir:{self.dovecot.root}/mail/%u", "--table-host", "pop-b")
        os.chmod(self.dovecot.root / "mail", 0o755)
        self.export.start()
        lmtp_delivery(self.place, "tom")
        pop3_pipelined(self.place, "tom")
        stays = open_imap(self.place, "sue")
        wait_until(lambda: self._rows().keys() >= {"sue", "tom"}, 10, "both users in the table")
        self.assertEqual(self._rows()["sue"][:3], ["pop-b", "sue", "1"])
        self.assertEqual(self._rows()["tom"][:3], ["pop-b", "tom", "1"])
        stays.logout()
        wait_until(lambda: self._rows()["sue"][2] == "0", 10, "sue to be inactive")
        self.assertIsNotNone(self.export.spool_file("tom"))

    def _rows(self) -> dict[str, list[str]]:
        if not self.export.table.exists():
            return {}
        header, *rows = [line.split("\t") for line in self.export.table.read_text().splitlines()]
        self.assertEqual(header, ["host", "user", "active", "nfiles", "bytes"])
        return {row[1]: row for row in rows}


class MessagesTest(unittest.TestCase):
    def test_nothing_is_enabled(self) -> None:
        result = subprocess.run([EXPORT, "--database", "/nowhere/x.db"], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1))
        self.assertIn("no exporter is enabled", result.stderr)


if __name__ == "__main__":
    unittest.main()
