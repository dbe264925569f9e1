"""A local user cannot make sessions up, in whatever way the process that shows the titles comes about."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from daemon_fixture import STAND_INS, Daemon, ProbeTestCase
from dovecot_fixture import Dovecot
from mail_clients import Place, open_imap, pop3_pipelined

NOBODY = 65534
ORDINARY_USER = ["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
REAL_IMAP = "/usr/lib/dovecot/imap"


class TrustTest(ProbeTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not (STAND_INS / "trust/imap").exists():
            raise AssertionError("built where no libdovecot.so.0 was installed: configure and build again")

    def setUp(self) -> None:
        # Neither below /root nor on a file system that may be mounted nosuid.
        self.folder = Path(tempfile.mkdtemp(prefix="dovewatch-trust-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.imap = self._copy("imap", "imap", owner=NOBODY)
        self.preload = self._copy("preload.so", "preload.so", owner=NOBODY)
        self.preloaded_imap = ["/usr/bin/env", f"LD_PRELOAD={self.preload}", REAL_IMAP]

    def test_program_named_imap(self) -> None:
        self._assert_leaves_no_row([self.imap])

    def test_dovecots_own_imap_with_a_preloaded_library(self) -> None:
        self._assert_leaves_no_row(self.preloaded_imap)

    def test_child_of_a_users_program_named_dovecot(self) -> None:
        parent = self._copy("parent", "dovecot", owner=NOBODY)
        self._assert_leaves_no_row([parent, self.imap])
        self._assert_leaves_no_row([parent, *self.preloaded_imap])

    def test_child_of_a_link_named_dovecot_to_a_setuid_program(self) -> None:
        self._setuid_root("su")
        link = self.folder / "dovecot"
        link.symlink_to("su")
        self._assert_leaves_no_row([str(link), self.imap], effective_uid=0)
        self._assert_leaves_no_row([str(link), *self.preloaded_imap], effective_uid=0)

    def test_child_of_a_setuid_program_named_dovecot(self) -> None:
        parent = self._setuid_root("dovecot")
        self._assert_leaves_no_row([parent, self.imap], effective_uid=0)
        self._assert_leaves_no_row([parent, *self.preloaded_imap], effective_uid=0)

    def _copy(self, built: str, name: str, owner: int) -> str:
        copy = self.folder / name
        shutil.copyfile(STAND_INS / "trust" / built, copy)
        os.chown(copy, owner, owner)
        copy.chmod(0o755)
        return str(copy)

    def _setuid_root(self, name: str) -> str:
        program = self._copy("parent", name, owner=0)
        os.chmod(program, 0o4755)
        return program

    def _assert_leaves_no_row(self, command: list[str], effective_uid: int = NOBODY) -> None:
        """An impostor is there before the daemon starts, another comes after; Dovecot's own sessions prove
        that the daemon saw what there was to see."""
        with self.subTest(command=command), Dovecot() as dovecot:
            place = Place(dovecot.ports)
            real = open_imap(place, "early")
            with self._impersonation(command, effective_uid), Daemon() as daemon:
                with self._impersonation(command, effective_uid):
                    pop3_pipelined(place, "late")
                real.logout()
                dovecot.stop()
                daemon.stop()
                self.assertEqual(sorted(row["user"] for row in daemon.rows()), ["early", "late"])

    @contextmanager
    def _impersonation(self, command: list[str], effective_uid: int) -> Iterator[None]:
        """An ordinary user runs the command. Inside, its title is shown; afterwards it has logged out."""
        process = subprocess.Popen([*ORDINARY_USER, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.assertEqual(process.stdout.readline(), b"shown\n", "the impostor did not get to its title")
            self.assertEqual(effective_uid_of(process.pid), effective_uid)
            yield
        finally:
            process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)


def effective_uid_of(pid: int) -> int:
    uids = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))
    return int(uids.split()[2])


if __name__ == "__main__":
    unittest.main()
