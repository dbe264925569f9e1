"""A private Dovecot on loopback, with a folder of its own on tmpfs.

It neither reads /etc/dovecot nor disturbs a Dovecot that runs already: ports, sockets, state, mail and
log are its own, and it is stopped by its pid. The log carries microseconds, so that it can serve as truth.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from waiting import wait_until

DOVECOT = Path("/usr/sbin/dovecot")
PASSWORD = "secret"
MAIL_UID = 5000
OPEN_FILES = 16384

CONFIG = """
protocols = {protocols}
listen = {listen}
base_dir = {root}/run
state_dir = {root}/state
instance_name = dovecot
ssl = no
disable_plaintext_auth = no
verbose_proctitle = yes

log_path = {root}/dovecot.log
log_timestamp = "%Y-%m-%dT%H:%M:%S.%{{usecs}} "

mail_location = maildir:{root}/mail/%u
mail_fsync = never
mail_max_userip_connections = 0
first_valid_uid = {uid}
first_valid_gid = {uid}

passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={root}/mail/%u allow_all_users=yes
}}

default_process_limit = 4000
default_client_limit = 8000
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  service_count = 0
  process_min_avail = 2
  process_limit = 4
  client_limit = 2000
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
  service_count = 0
  process_min_avail = 2
  process_limit = 4
  client_limit = 2000
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = {submission}
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service auth {{
  client_limit = 12000
}}
service anvil {{
  client_limit = 12000
}}
{settings}
"""


@dataclass(frozen=True)
class Ports:
    imap: int
    pop3: int
    lmtp: int
    submission: int
    sieve: int


def free_ports() -> Ports:
    """Below the range from which the kernel takes the ports of connections."""
    free = (port for port in random.sample(range(10000, 32000), 2000) if is_free(port))
    return Ports(*itertools.islice(free, 5))


def is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family == socket.AF_INET6 and not has_ipv6():
            continue
        with socket.socket(family) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


class Dovecot:
    """Started and stopped as a context manager. `settings` is appended to the configuration; `command`
    stands in front of the program, to start it elsewhere, such as in a mount namespace."""

    def __init__(self, *, settings: str = "", command: tuple[str, ...] = (), protocols: str = "imap pop3 lmtp"):
        self.settings = settings
        self.command = command
        self.protocols = protocols
        self.ports = free_ports()
        self.addresses = ["127.0.0.1"] + (["::1"] if has_ipv6() else [])
        self.root = Path()
        self.log = Path()
        self.pid = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        try:
            self._make_folders()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.root != Path():
            shutil.rmtree(self.root)

    def stop(self) -> None:
        """Ends the master and waits until its children are gone too, so that the log is complete."""
        if self._process is None:
            return
        children = children_of(self.pid)
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
            wait_until(lambda: not any(map(is_running, children)), 10, "Dovecot's children to exit")
        except (subprocess.TimeoutExpired, TimeoutError):
            for pid in filter(is_running, [self.pid, *children]):
                os.kill(pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _make_folders(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="dovewatch-dovecot-", dir="/dev/shm"))
        self.root.chmod(0o755)
        self.log = self.root / "dovecot.log"
        mail = self.root / "mail"
        mail.mkdir()
        os.chown(mail, MAIL_UID, MAIL_UID)
        (self.root / "dovecot.conf").write_text(self._config())

    def _config(self) -> str:
        return CONFIG.format(root=self.root, uid=MAIL_UID, password=PASSWORD, protocols=self.protocols,
                             listen=", ".join(self.addresses), settings=self.settings, **dataclasses.asdict(self.ports))

    def _start(self) -> None:
        with (self.root / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [*self.command, str(DOVECOT), "-F", "-c", str(self.root / "dovecot.conf")],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
                start_new_session=True, preexec_fn=raise_open_files)
        self.pid = self._process.pid
        for protocol in self.protocols.split():
            port = getattr(self.ports, protocol)
            wait_until(lambda: self._greets(port), 20, f"Dovecot's greeting on port {port}")

    def _greets(self, port: int) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"Dovecot did not start: {self._last_words()}")
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                return bool(connection.recv(64))
        return False

    def _last_words(self) -> str:
        files = (self.root / "stderr", self.log)
        return "".join(file.read_text(errors="replace") for file in files if file.exists())


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def raise_open_files() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = tuple(max(OPEN_FILES, limit) if limit != resource.RLIM_INFINITY else limit for limit in limits)
    resource.setrlimit(resource.RLIMIT_NOFILE, wanted)
