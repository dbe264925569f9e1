"""The truth: what Dovecot's own log says of sessions and deliveries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

LINE = re.compile(r"(?P<time>\S+) (?P<origin>.+?): Info: (?P<text>.*)")
LOGIN = re.compile(r"Login: user=<(?P<user>.*)>, method=\S+, rip=(?P<rip>[^,]+), .*mpid=(?P<pid>\d+),"
                   r".* session=<(?P<session>[^>]*)>")
MAIL_PROCESS = re.compile(r"(?P<service>\w+)\((?P<user>.*)\)<(?P<pid>\d+)><(?P<session>[^>]*)>")
LMTP_PROCESS = re.compile(r"lmtp\((?P<pid>\d+)\)")
LMTP_CONNECT = re.compile(r"Connect from (?P<rip>\S+)")
SAVED = re.compile(r"msgid=.*: saved mail to ")


@dataclass(frozen=True)
class LoggedSession:
    service: str
    user: str
    address: str
    pid: int
    login: datetime
    logout: datetime | None


@dataclass(frozen=True)
class LoggedDelivery:
    user: str
    address: str
    pid: int
    at: datetime


class DovecotLog:
    """Reads a whole log. Logins are told apart by Dovecot's session ids."""

    def __init__(self, file: Path):
        self.deliveries: list[LoggedDelivery] = []
        self._logins: dict[str, LoggedSession] = {}
        self._logouts: dict[str, datetime] = {}
        self._lmtp_clients: dict[int, str] = {}
        for line in file.read_text(errors="surrogateescape").splitlines():
            if match := LINE.fullmatch(line):
                self._read(parse_time(match["time"]), match["origin"], match["text"])

    @property
    def sessions(self) -> list[LoggedSession]:
        return [LoggedSession(**{**vars(login), "logout": self._logouts.get(session)})
                for session, login in self._logins.items()]

    def _read(self, time: datetime, origin: str, text: str) -> None:
        if origin.endswith("-login") and (login := LOGIN.match(text)):
            self._logins[login["session"]] = LoggedSession(
                origin.removesuffix("-login"), login["user"], login["rip"], int(login["pid"]), time, None)
        elif process := LMTP_PROCESS.fullmatch(origin):
            if connect := LMTP_CONNECT.match(text):
                self._lmtp_clients[int(process["pid"])] = connect["rip"]
        elif process := MAIL_PROCESS.fullmatch(origin):
            self._read_mail_process(time, process, text)

    def _read_mail_process(self, time: datetime, process: re.Match[str], text: str) -> None:
        pid = int(process["pid"])
        if process["service"] == "lmtp" and SAVED.match(text):
            self.deliveries.append(LoggedDelivery(process["user"], self._lmtp_clients[pid], pid, time))
        elif text.startswith("Disconnected"):
            self._logouts[process["session"]] = time


def parse_time(text: str) -> datetime:
    """A UTC time with microseconds, with or without its Z."""
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc)
