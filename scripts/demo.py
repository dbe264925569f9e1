"""Shows Dovewatch at work, on the Dovecot of this machine or on a private one with traffic of its own."""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Iterator

from daemon_fixture import CLI, DAEMON, Daemon, DaemonFailed, run_cli
from dovecot_fixture import Dovecot
from mail_clients import Imap, Place, imap_idle, lmtp_delivery, open_imap, pop3_pipelined, pop3_sequential

USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol", "dave", "erin", "frank", "sue", "tom")]
FOLDER = Path(__file__).resolve().parents[1] / "build/run"


class Traffic(threading.Thread):
    """Gentle traffic: a visit or a delivery twice a second, and a few users who stay for a while."""

    def __init__(self, dovecot: Dovecot):
        super().__init__()
        self._dovecot = dovecot
        self._stopping = threading.Event()
        self._staying: list[tuple[float, Imap]] = []

    def __enter__(self) -> Traffic:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while not self._stopping.wait(0.5):
            self._leave(before=time.monotonic())
            self._act(Place(self._dovecot.ports, f"127.0.0.{random.randint(1, 20)}"), random.choice(USERS))
        self._leave(before=float("inf"))

    def _act(self, place: Place, user: str) -> None:
        if len(self._staying) < 4:
            self._staying.append((time.monotonic() + random.uniform(5, 30), open_imap(place, user)))
        else:
            random.choice((pop3_sequential, pop3_pipelined, imap_idle, lmtp_delivery))(place, user)

    def _leave(self, before: float) -> None:
        for due, client in self._staying:
            if due <= before:
                client.logout()
        self._staying = [(due, client) for due, client in self._staying if due > before]


def watch_private(seconds: float | None) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="private-", dir=FOLDER))
    with contextlib.ExitStack() as started:
        started.callback(shutil.rmtree, folder)
        dovecot = started.enter_context(Dovecot())
        daemon = started.enter_context(Daemon(folder=folder))
        started.enter_context(Traffic(dovecot))
        ports = dovecot.ports
        show(daemon, seconds, [
            f"No Dovecot runs on this machine: this is a private one on loopback (IMAP {ports.imap}, POP3 "
            f"{ports.pop3}, LMTP {ports.lmtp}),",
            f"with real clients and all its files in {dovecot.root}. Nothing of it stays.",
            "To watch a real host, run this there while its Dovecot runs, or the daemon itself:",
            f"  {DAEMON} --database FILE", f"  {CLI} who --database FILE"])


def watch_host(seconds: float | None) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Daemon(folder=FOLDER) as daemon:
        show(daemon, seconds, ["This watches the Dovecot that runs on this machine.", *title_advice(),
                               f"The history is kept in {daemon.database}. To ask it again:",
                               f"  {CLI} who --database {daemon.database}"])


def title_advice() -> list[str]:
    """What is to be changed where Dovecot keeps its users to itself."""
    try:
        setting = subprocess.run(["doveconf", "-h", "verbose_proctitle"], capture_output=True, text=True,
                                 check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ["doveconf could not be asked whether verbose_proctitle is on: without it, no user is seen."]
    if setting == "yes":
        return []
    return ["doveconf says that its verbose_proctitle is off: then no user is seen. To change that, put",
            "`verbose_proctitle = yes` into /etc/dovecot/local.conf and run `doveadm reload`."]


def show(daemon: Daemon, seconds: float | None, explanation: list[str]) -> None:
    """Until the time is over, if it ends at all. Redraws on a terminal, elsewhere repeats."""
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    until = f"for {seconds:g} s" if seconds is not None else "until Ctrl-C"
    head = [*explanation, f"Shown {until}:", ""]
    on_terminal = sys.stdout.isatty()
    if not on_terminal:
        print("\n".join(head), flush=True)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 1 if on_terminal else 5))
        page = list(views(daemon, newest=newest_that_fit() if on_terminal else 10))
        print(redrawn([*head, *page]) if on_terminal else "\n".join(page), flush=True)


def views(daemon: Daemon, newest: int) -> Iterator[str]:
    """The lines of all views."""
    for view in (["who", "-1"], ["last", "-n", str(newest)], ["lastlogin"]):
        answer = run_cli(*view, "--database", str(daemon.database))
        yield from [f"$ dovewatch {' '.join(view)}", *(answer.stdout + answer.stderr).splitlines(), ""]


def newest_that_fit() -> int:
    """Beside the other views of a private Dovecot's eight users."""
    return min(max(shutil.get_terminal_size().lines - 33, 3), 10)


def redrawn(lines: list[str]) -> str:
    """Overwrites the screen line by line, so that it does not flicker, up to its last line but one."""
    columns, rows = shutil.get_terminal_size()
    return "\x1b[H" + "".join(f"{line[:columns]}\x1b[K\n" for line in lines[:rows - 1]) + "\x1b[J"


def interrupt(*_: object) -> None:
    """Ends the program by the way of its context managers; a second signal must not disturb them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser()
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--private", dest="watch", action="store_const", const=watch_private)
    mode.add_argument("--watch", dest="watch", action="store_const", const=watch_host)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        arguments.watch(arguments.seconds)
    except KeyboardInterrupt:
        print("\nStopped, and all that was started with it.")
    except DaemonFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
