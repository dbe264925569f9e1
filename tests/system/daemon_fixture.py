"""dovewatchd with a database of its own, and the skips of a machine that cannot run it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from dovecot_fixture import DOVECOT
from waiting import wait_until

PROGRAMS = Path(os.environ.get("DOVEWATCH_BIN_DIR", Path(__file__).parents[2] / "build/release"))
DAEMON = PROGRAMS / "monitor/dovewatchd"
CLI = PROGRAMS / "exporters/terminal/dovewatch"
STAND_INS = PROGRAMS / "tests/system/stand_in"


def obstacle() -> str | None:
    """Why the probes cannot be tested on this machine."""
    if os.geteuid() != 0:
        return "needs root: the daemon loads BPF programs"
    if not Path("/sys/kernel/btf/vmlinux").exists():
        return "needs a kernel with BTF: /sys/kernel/btf/vmlinux is missing"
    if not DOVECOT.exists():
        return f"needs Dovecot: {DOVECOT} is missing"
    return None


class ProbeTestCase(unittest.TestCase):
    """A test of the daemon's probes. Skipped, with the reason, where they cannot work; where CI=true, that
    is a failure."""

    @classmethod
    def setUpClass(cls) -> None:
        if reason := obstacle():
            if os.environ.get("CI") == "true":
                raise AssertionError(reason)
            raise unittest.SkipTest(reason)


class DaemonFailed(AssertionError):
    """The daemon did not do what a well daemon does; carries what it said."""


class Daemon:
    """Started and stopped as a context manager; it is ready when the `with` body begins. Leaving the body
    well demands that SIGTERM ends it with status 0. A folder that is given is kept, any other removed.
    `command` stands in front of the program, to run it as another user or in a namespace."""

    def __init__(self, *options: str, folder: Path | None = None, command: tuple[str, ...] = ()):
        self.options = options
        self.command = command
        self.keep_folder = folder is not None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="dovewatch-daemon-"))
        self.program = DAEMON
        if command:
            self.folder.chmod(0o777)
            self.program = Path(shutil.copy(DAEMON, self.folder))  # the other user may not see the original
        self.database = self.folder / "dovewatch.db"
        self.messages_file = self.folder / "dovewatchd.log"
        self.pid = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._left_probes = False

    def __enter__(self) -> Daemon:
        try:
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        try:
            if self._process is not None:
                self.stop(expect_clean=failure is None)
        finally:
            self._remove()

    def start(self, seconds: float = 30) -> None:
        """Returns when the daemon has said READY=1."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = f"{folder}/notify"
            os.chmod(folder, 0o755)
            notify.bind(path)
            os.chmod(path, 0o777)
            notify.settimeout(0.1)
            self._spawn({**os.environ, "NOTIFY_SOCKET": path})
            wait_until(lambda: self._is_ready(notify), seconds, "READY=1 from dovewatchd")

    def start_unready(self, seconds: float) -> None:
        """Returns after a while, however far the daemon has come."""
        self._spawn(dict(os.environ))
        time.sleep(seconds)

    def stop(self, expect_clean: bool = True) -> None:
        self._end(signal.SIGTERM, expect_clean)

    def make_room(self) -> None:
        """For a successor: the probes stay. `start` again."""
        self._left_probes = True
        self._end(signal.SIGHUP, expect_clean=True)

    def kill(self) -> None:
        """As a crash; `start` again."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        self._left_probes = True

    def _end(self, by: signal.Signals, expect_clean: bool) -> None:
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(by)
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise DaemonFailed(f"dovewatchd ignored {by.name}\n{self.messages()}") from None
        if expect_clean and status != 0:
            raise DaemonFailed(f"dovewatchd ended with status {status}\n{self.messages()}")

    def messages(self) -> str:
        return self.messages_file.read_text(errors="replace")

    def pins(self) -> Path:
        """The folder of its probes, named after the database as monitor/probe_pins.cc has it."""
        name = 0xcbf29ce484222325
        for byte in os.fsencode(self.database):
            name = (name ^ byte) * 0x100000001b3 % 2**64
        return Path(f"/sys/fs/bpf/dovewatch/{name:016x}")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rows(self, kind: str | None = None) -> list[dict]:
        """What `dovewatch last` lists, newest first."""
        rows = json.loads(self.ask("last", "--json"))
        return [row for row in rows if kind in (None, row["kind"])]

    def ask(self, *words: str) -> str:
        """What `dovewatch` prints."""
        return run_cli(*words, "--database", str(self.database), check=True).stdout

    def _spawn(self, environment: dict[str, str]) -> None:
        with self.messages_file.open("ab") as messages:
            self._process = subprocess.Popen([*self.command, self.program, "--database", self.database, *self.options],
                                             stdin=subprocess.DEVNULL, stdout=messages, stderr=messages,
                                             env=environment, start_new_session=True, preexec_fn=heed_hangup)
        self.pid = self._process.pid

    def _is_ready(self, notify: socket.socket) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise DaemonFailed(f"dovewatchd ended with status {self._process.returncode}\n{self.messages()}")
        try:
            return b"READY=1" in notify.recv(4096).split(b"\n")
        except TimeoutError:
            return False

    def _remove(self) -> None:
        if self._process is not None:
            self.kill()
        if self._left_probes:
            subprocess.run([DAEMON, "--unload", "--database", self.database], capture_output=True, check=False)
        if not self.keep_folder:
            shutil.rmtree(self.folder)


def heed_hangup() -> None:
    """Also where the tests run below nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def run_daemon(*options: str) -> subprocess.CompletedProcess[str]:
    """For a daemon that is expected to end by itself."""
    return subprocess.run([DAEMON, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30, check=False)


def run_cli(*words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLI, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=check)
