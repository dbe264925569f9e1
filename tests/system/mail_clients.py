"""Real mail clients. Each does its work at once and returns what it did."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Iterable

from dovecot_fixture import PASSWORD, Ports

TIMEOUT = 60
MESSAGE = "From: sender@example.org\r\nSubject: a message\r\n\r\nHello.\r\n"


@dataclass(frozen=True, order=True)
class Visit:
    """One session, or one delivery to one user."""
    service: str
    user: str
    address: str


@dataclass(frozen=True)
class Place:
    """Where a client connects from; the server is at the same family's loopback address."""
    ports: Ports
    address: str = "127.0.0.1"

    @property
    def server(self) -> str:
        return "::1" if ":" in self.address else "127.0.0.1"

    def connect(self, port: int) -> socket.socket:
        return socket.create_connection((self.server, port), TIMEOUT, (self.address, 0))


class Pop3(poplib.POP3):
    def __init__(self, place: Place):
        self._place = place
        super().__init__(place.server, place.ports.pop3)

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._place.connect(self.port)


class Imap(imaplib.IMAP4):
    def __init__(self, place: Place):
        self._place = place
        super().__init__(place.server, place.ports.imap)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._place.connect(self.port)

    def idle(self) -> None:
        """Enters IDLE and leaves it again."""
        self.send(b"IDLE IDLE\r\n")
        expect(self.readline(), b"+")
        self.send(b"DONE\r\n")
        while not (line := self.readline()).startswith(b"IDLE "):
            expect(line, b"*")
        expect(line, b"IDLE OK")


def expect(line: bytes, start: bytes) -> None:
    if not line.startswith(start):
        raise ConnectionError(f"expected {start!r}, received {line!r}")


def open_pop3(place: Place, user: str) -> Pop3:
    client = Pop3(place)
    client.user(user)
    client.pass_(PASSWORD)
    return client


def open_imap(place: Place, user: str) -> Imap:
    client = Imap(place)
    client.login(user, PASSWORD)
    return client


def pop3_sequential(place: Place, user: str) -> list[Visit]:
    client = open_pop3(place, user)
    client.stat()
    client.list()
    client.quit()
    return [Visit("pop3", user, place.address)]


def pop3_pipelined(place: Place, user: str) -> list[Visit]:
    """The shortest session there is: all commands in one write."""
    with place.connect(place.ports.pop3) as connection, connection.makefile("rb") as replies:
        connection.sendall(f"USER {user}\r\nPASS {PASSWORD}\r\nSTAT\r\nQUIT\r\n".encode())
        for _ in ("greeting", "USER", "PASS", "STAT", "QUIT"):
            expect(replies.readline(), b"+OK")
        expect(replies.read() or b"end", b"end")
    return [Visit("pop3", user, place.address)]


def imap_commands(place: Place, user: str) -> list[Visit]:
    client = open_imap(place, user)
    client.select("INBOX")
    client.noop()
    client.list()
    client.logout()
    return [Visit("imap", user, place.address)]


def imap_idle(place: Place, user: str) -> list[Visit]:
    client = open_imap(place, user)
    client.select("INBOX")
    client.idle()
    client.logout()
    return [Visit("imap", user, place.address)]


def lmtp_delivery(place: Place, *recipients: str) -> list[Visit]:
    with smtplib.LMTP(place.server, place.ports.lmtp, source_address=(place.address, 0)) as client:
        client.ehlo()
        replies = [client.mail("sender@example.org"), *map(client.rcpt, recipients), client.data(MESSAGE)]
        replies += [client.getreply() for _ in recipients[1:]]  # LMTP answers for each; smtplib reads one
    if any(code != 250 for code, _ in replies):
        raise ConnectionError(f"refused: {replies}")
    return [Visit("lmtp", user, place.address) for user in recipients]


Job = Callable[[], "list[Visit]"]


def run_at_once(jobs: Iterable[Job], clients: int = 8) -> list[Visit]:
    """Works through the jobs with `clients` clients at full speed; the first failure is raised."""
    with ThreadPoolExecutor(clients) as pool:
        return [visit for visits in pool.map(lambda job: job(), jobs) for visit in visits]
