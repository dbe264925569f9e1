"""dovewatch-export as an ordinary user, with a state, a spool folder and a table of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from daemon_fixture import PROGRAMS, Daemon

EXPORT = PROGRAMS / "exporters/dovewatch-export"
USER = 65534
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


def open_folder() -> Path:
    """For a daemon's database that the exporting user may read, by its group."""
    folder = Path(tempfile.mkdtemp(prefix="dovewatch-export-"))
    os.chown(folder, 0, USER)
    folder.chmod(0o2750)
    return folder


class Export:
    """Started and stopped as a context manager. On tmpfs."""

    def __init__(self, daemon: Daemon, *options: str, exporters: str = "spool"):
        self.folder = Path(tempfile.mkdtemp(prefix="dovewatch-export-", dir="/dev/shm"))
        self.spool = self.folder / "spool"
        self.table = self.folder / "table"
        self.messages_file = self.folder / "messages"
        self.program = Path(shutil.copy(EXPORT, self.folder))  # the user may not see the original
        self.options = ("--database", str(daemon.database), "--export-state", str(self.folder / "state.db"),
                        "--exporters", exporters, "--spool-folder", str(self.spool), "--table-file", str(self.table),
                        *options)
        self._process: subprocess.Popen[bytes] | None = None
        self.spool.mkdir()
        for path in (self.folder, self.spool):
            os.chown(path, USER, USER)

    def __enter__(self) -> Export:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        with self.messages_file.open("ab") as messages:
            self._process = subprocess.Popen([*AS_USER, self.program, *self.options], stdin=subprocess.DEVNULL,
                                             stdout=messages, stderr=messages)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            status = self._process.wait(timeout=30)
            self._process = None
            if status != 0:
                raise AssertionError(f"dovewatch-export ended with status {status}\n{self.messages()}")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run([*AS_USER, self.program, *self.options, *options], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)

    def messages(self) -> str:
        return self.messages_file.read_text(errors="replace")

    def spool_file(self, user: str) -> tuple[int, str] | None:
        """Counter and statistics."""
        try:
            counter, statistics = (self.spool / user).read_text().splitlines()
        except FileNotFoundError:
            return None
        return int(counter), statistics
