"""The figures of scripts/bench."""

from __future__ import annotations

import argparse
import csv
import io
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Callable

from daemon_fixture import CLI, PROGRAMS, STAND_INS, Daemon
from dovecot_fixture import Dovecot
from mail_clients import Place, open_imap, pop3_pipelined
from waiting import wait_until


EXPORT = PROGRAMS / "exporters/dovewatch-export"


@dataclass(frozen=True)
class Figure:
    name: str
    measured: str
    target: str = ""
    verdict: str = ""


def at_most(name: str, value: float, target: float, unit: str, note: str = "") -> Figure:
    verdict = "met" if value <= target else f"MISSED by {value - target:.4g} {unit}".rstrip()
    return Figure(name, f"{value:,.4g} {unit} {note}".strip(), f"{target:,g} {unit}".strip(), verdict)


def at_least(name: str, value: float, target: float, note: str = "") -> Figure:
    verdict = "met" if value >= target else f"MISSED by {target - value:.4f}"
    return Figure(name, f"{value:.4f} {note}".strip(), f"{target:g}", verdict)


class StandIn:
    """A stand-in for Dovecot's master, in a folder that belongs to root as Dovecot's programs do. It waits
    for `run`, and stays until the end of the `with` body."""

    def __init__(self, mode: str, amount: int):
        self._arguments = ["./dovecot", mode, str(amount)]

    def __enter__(self) -> StandIn:
        self._folder = tempfile.mkdtemp(prefix="dovewatch-bench-")
        for program in (STAND_INS / "storm").iterdir():
            shutil.copy(program, self._folder)
        self._process = subprocess.Popen(self._arguments, cwd=self._folder, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=120)
        shutil.rmtree(self._folder)

    def run(self) -> int:
        """Returns the number of sessions that were made."""
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        word, sessions = self._process.stdout.readline().split()
        assert word == b"done"
        return int(sessions)


@dataclass(frozen=True)
class Capture:
    made: int
    captured: int
    wrong: int  # doubled or invented
    seconds: float
    cpu_seconds: float

    def figure(self, name: str) -> Figure:
        lost = self.made - self.captured
        verdict = "met" if lost == self.wrong == 0 else f"MISSED by {lost} lost, {self.wrong} wrong"
        measured = f"{lost:,} lost of {self.made:,} ({self.made / self.seconds:,.0f}/s)"
        return Figure(name, measured, "0 lost", verdict)


def wait_until_idle(daemon: Daemon) -> None:
    """Until the daemon has used no CPU for half a second: it has taken in all that there was."""
    since, cpu = time.monotonic(), daemon.cpu_seconds()

    def idle() -> bool:
        nonlocal since, cpu
        if daemon.cpu_seconds() != cpu:
            since, cpu = time.monotonic(), daemon.cpu_seconds()
        return time.monotonic() - since > 0.5
    wait_until(idle, 120, "the daemon to catch up")


def capture(mode: str, amount: int, user: str) -> Capture:
    with StandIn(mode, amount) as master, Daemon() as daemon:
        wait_until_idle(daemon)
        cpu, start = daemon.cpu_seconds(), time.monotonic()
        made = master.run()
        seconds = time.monotonic() - start
        wait_until_idle(daemon)
        cpu = daemon.cpu_seconds() - cpu
        daemon.stop()
        stored = [row["user"] for row in csv.DictReader(io.StringIO(daemon.ask("last", "--csv")))]
    captured = set(stored) & {f"{user}{number}" for number in range(1, made + 1)}
    return Capture(made, len(captured), len(stored) - len(captured), seconds, cpu)


def storm_figures(seconds: int, titles: int) -> list[Figure]:
    storm = capture("storm", seconds, "user")
    title_storm = capture("titles", titles, "u")
    with StandIn("titles", titles) as master:
        start = time.monotonic()
        master.run()
        bare_seconds = time.monotonic() - start
    per_title = (title_storm.seconds - bare_seconds) / titles * 1e6
    return [storm.figure(f"storm of short sessions, {seconds} s"),
            title_storm.figure(f"one process sets {titles:,} titles"),
            at_most("daemon CPU per session, SQLite included", storm.cpu_seconds / storm.made * 1e6, 25, "us"),
            Figure("cost of a title to the process that sets it", f"{per_title:.2f} us")]


def login_rate(dovecot: Dovecot, seconds: float) -> float:
    clients = [STAND_INS / "load/pop3_clients", str(dovecot.ports.pop3), str(seconds)]
    start = time.monotonic()
    sessions = int(subprocess.run(clients, capture_output=True, check=True).stdout)
    return sessions / (time.monotonic() - start)


def login_rate_with_daemon(dovecot: Dovecot, seconds: float) -> float:
    with Daemon() as daemon:
        wait_until_idle(daemon)
        return login_rate(dovecot, seconds)


def rate_figures(pairs: int, seconds: float) -> list[Figure]:
    """On and off in turn, each first in every other pair, so that what drifts cancels out."""
    both = (login_rate_with_daemon, login_rate)
    ratios, rates = [], []
    with Dovecot() as dovecot:
        login_rate(dovecot, seconds)
        for order in islice(cycle((both, both[::-1])), pairs):
            pair = {measure: measure(dovecot, seconds) for measure in order}
            ratios.append(pair[login_rate_with_daemon] / pair[login_rate])
            rates.append(pair[login_rate])
    quarters = statistics.quantiles(ratios, n=4)
    return [at_least("Dovecot's POP3 login rate, on against off", statistics.median(ratios), 0.99,
                     f"(quartiles {quarters[0]:.3f}, {quarters[2]:.3f}; {statistics.median(rates):,.0f}/s)")]


def median_ms(command: list[str | Path], runs: int = 9) -> float:
    def once() -> float:
        start = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return (time.monotonic() - start) * 1000
    return statistics.median(once() for _ in range(runs))


def who_figures(online: int, dovecot_online: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="dovewatch-bench-") as folder:
        database = Path(folder) / "dovewatch.db"
        subprocess.run([PROGRAMS / "tests/system/make_sessions", database, str(online)], check=True)
        ours = median_ms([CLI, "who", "--database", database])
    with Dovecot() as dovecot, ExitStack() as open_sessions:
        for number in range(dovecot_online):
            client = open_imap(Place(dovecot.ports), f"user{number}")
            open_sessions.callback(client.shutdown)
        theirs = median_ms(["/usr/bin/doveadm", "-c", dovecot.root / "dovecot.conf", "who"])
    return [at_most(f"dovewatch who, {online:,} online", ours, 100, "ms"),
            Figure(f"doveadm who, {dovecot_online:,} online, for scale", f"{theirs:.4g} ms")]


def memory_figures() -> list[Figure]:
    """Of the session tracker alone, fed below the source interface."""
    program = PROGRAMS / "tests/monitor/tracker_memory"
    if not program.exists():
        return [Figure("memory per online session", "not measured: tracker_memory is not built", "1,024 bytes")]
    measured = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [at_most("tracker's memory per session, 100,000 online", float(measured), 1024, "bytes")]


def export(folder: Path, database: Path, *options: str | Path) -> float:
    """Seconds that `dovewatch-export` takes to catch up."""
    start = time.monotonic()
    subprocess.run([EXPORT, "--database", database, "--export-state", folder / "state.db", *options], check=True)
    return time.monotonic() - start


def history_figures(rows: int, users: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="dovewatch-bench-", dir="/dev/shm") as name:
        folder = Path(name)
        database = folder / "dovewatch.db"
        subprocess.run([PROGRAMS / "tests/system/make_sessions", database, str(rows), str(users)], check=True)
        newest = csv.DictReader(io.StringIO(subprocess.run([CLI, "last", "-n", "1", "--csv", "--database", database],
                                                           capture_output=True, text=True, check=True).stdout))
        user = next(iter(newest))["user"]
        words = {f"dovewatch user, {rows:,} sessions and deliveries": ["user", user],
                 "dovewatch last USER": ["last", user],
                 f"dovewatch user, {rows // 100:,} of them this user's": ["user", "busy@example.org"],
                 "dovewatch lastlogin --inactive-for 180d": ["lastlogin", "--inactive-for", "180d"]}
        figures = [at_most(what, median_ms([CLI, *line, "--database", database]), 100, "ms")
                   for what, line in words.items()]
        seconds = median_ms([CLI, "last", "--csv", "--database", database], runs=3) / 1000
        figures.append(Figure("dovewatch last --csv", f"{rows / seconds:,.0f} rows/s"))
        (folder / "spool").mkdir()
        seconds = export(folder, database, "--once", "spool", "--spool-folder", folder / "spool",
                         "--spool-services", "imap, pop3, submission, managesieve")
        counted = sum(int(file.read_text().split()[0]) for file in (folder / "spool").iterdir() if file.is_file())
        figures.append(Figure("spool exporter, on tmpfs", f"{counted / seconds:,.0f} sessions/s", "20,000 sessions/s",
                              "met" if counted / seconds >= 20000 else "MISSED"))
    return figures


def lag_figures(sessions: int) -> list[Figure]:
    with Dovecot() as dovecot, Daemon() as daemon, \
            tempfile.TemporaryDirectory(prefix="dovewatch-bench-", dir="/dev/shm") as name:
        spool = Path(name) / "spool"
        spool.mkdir()
        exporter = subprocess.Popen([EXPORT, "--database", daemon.database, "--export-state", f"{name}/state.db",
                                     "--exporters", "spool", "--spool-folder", spool])
        lags = []
        for number in range(sessions):
            pop3_pipelined(Place(dovecot.ports), f"user{number}")
            file = spool / f"user{number}"
            wait_until(file.exists, 10, "the spool file")
            lags.append((time.time() - file.stat().st_mtime) * 1000)
        exporter.terminate()
        exporter.wait()
    return [at_most(f"lag from logout to spool file, median of {sessions}", statistics.median(lags[1:]), 250, "ms"),
            Figure("the same, 99th percentile", f"{statistics.quantiles(lags[1:], n=100)[98]:.4g} ms")]


def maildir_figures(files: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="dovewatch-bench-") as name:
        folder = Path(name)
        database = folder / "dovewatch.db"
        subprocess.run([PROGRAMS / "tests/system/make_sessions", database, "1"], check=True)
        user = csv.DictReader(io.StringIO(subprocess.run([CLI, "last", "--csv", "--database", database],
                                                         capture_output=True, text=True, check=True).stdout))
        maildir = folder / "mail" / next(iter(user))["user"]
        for part in ("new", "cur"):
            (maildir / part).mkdir(parents=True)
        for number in range(files):
            (maildir / "cur" / f"{number}.host:2,S").touch()
        rates = []
        for run in range(3):
            state = folder / str(run)
            state.mkdir()
            seconds = export(state, database, "--once", "table", "--table-file", state / "table",
                             "--table-files-per-second", "10000000", "--mail-location", f"maildir:{folder}/mail/%u")
            rates.append(files / seconds)
        assert f"\t{files}\t" in (state / "table").read_text()
    return [Figure("Maildir counting, sizes by stat", f"{statistics.median(rates):,.0f} files/s")]


def retention_figures() -> list[Figure]:
    """Of the store's writer alone."""
    program = PROGRAMS / "tests/store/retention_bench"
    if not program.exists():
        return [Figure("commit beside retention", "not measured: retention_bench is not built")]
    with tempfile.TemporaryDirectory(prefix="dovewatch-bench-") as folder:
        printed = subprocess.run([program, f"{folder}/dovewatch.db"], capture_output=True, text=True, check=True).stdout
    return [Figure(*line.split(": ", 1)) for line in printed.splitlines()]


def print_table(figures: list[Figure]) -> None:
    rows = [("figure", "measured", "target", ""),
            *((figure.name, figure.measured, figure.target, figure.verdict) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def machine() -> str:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return f"{cores} x {model}, kernel {platform.release()}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="length of the storm of sessions")
    parser.add_argument("--titles", type=int, default=1_000_000, help="titles that one process sets")
    parser.add_argument("--pairs", type=int, default=16, help="login rates taken with the daemon on and off")
    parser.add_argument("--pair-seconds", type=float, default=5, help="length of each of them")
    parser.add_argument("--online", type=int, default=100_000, help="sessions online for `dovewatch who`")
    parser.add_argument("--dovecot-online", type=int, default=500, help="sessions online for `doveadm who`")
    parser.add_argument("--history", type=int, default=1_000_000, help="rows for the reports and the spool exporter")
    parser.add_argument("--only", help="one part: storms, memory, login rate, history, lag, Maildir, retention or who")
    options = parser.parse_args()
    parts: list[tuple[str, Callable[[], list[Figure]]]] = [
        ("storms", lambda: storm_figures(options.seconds, options.titles)),
        ("memory", memory_figures),
        ("login rate", lambda: rate_figures(options.pairs, options.pair_seconds)),
        ("history", lambda: history_figures(options.history, options.history // 10)),
        ("lag", lambda: lag_figures(200)),
        ("Maildir", lambda: maildir_figures(100_000)),
        ("retention", retention_figures),
        ("who", lambda: who_figures(options.online, options.dovecot_online)),
    ]
    figures = []
    for name, measure in parts:
        if options.only not in (None, name):
            continue
        print(f"Measuring: {name} ...", flush=True)
        figures += measure()
    print(f"\n{machine()}\n")
    print_table(figures)


if __name__ == "__main__":
    main()
