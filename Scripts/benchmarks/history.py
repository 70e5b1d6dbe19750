"""Measures the cost of a long history: an export that finds nothing new, compared with the same export of an archive of two commits.

It generates three archives with one event per hour: ten years of nights (3,650 commits), three years of hourly runs (26,280) and
one year of runs every five minutes (105,120). For each it generates another with the same days and rows in two commits: a backfill
and the last run. `verify` checks all of them once. The exports read the last 24 hours again from an emulator, find nothing and
commit that. They take turns, and their changes are undone. Then the ten years of CSV are converted to CSV and Parquet. CPU is
user and system time. The table shows which targets were missed; a missed target is not a failure."""

import argparse
import contextlib
import dataclasses
import datetime
import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import measure
from compare import CACHE, machine
from server import free_port

ORGANIZATION, KEY = "bench", "emulator-demo-key"
EXPORT_TARGET, CONVERSION_TARGET, WRITTEN_TARGET = 1.5, 30, 3


class Archive:
    """A generated archive, and its original state."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.state = root / "_manifest" / ORGANIZATION
        self.manifest = (self.state / "manifest.json").read_bytes()
        self.commits = json.loads(self.manifest)["commit"]
        self.runs: list[measure.Run] = []

    def commit(self, number: int) -> pathlib.Path:
        return self.state / "commits" / f"{number:020}.json"

    def put_back(self):
        """Undoes the commit of a run that found nothing. Fails if the run found something."""
        run = self.commit(self.commits + 1)
        if not run.exists():
            fail(f"the export committed nothing to {self.root}")
        told = json.loads(run.read_bytes())
        if told["files_added"] or not told["run"]["complete"] or not told["run"]["duplicates"]:
            fail(f"the export was to find what {self.root} has, and nothing else: {json.dumps(told['run'])}")
        run.unlink()
        if self.commit(self.commits + 2).exists():
            fail(f"the export made more than one commit in {self.root}")
        (self.state / "manifest.json").write_bytes(self.manifest)

    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.runs)


@dataclasses.dataclass
class History:
    name: str
    days: int
    runs_per_day: int
    long: Archive | None = None
    short: Archive | None = None
    seconds: float = 0

    def row(self) -> dict:
        ratio = self.long.cpu() / self.short.cpu()
        return {"name": self.name, "days": self.days, "commits": self.long.commits, "manifest_bytes": len(self.long.manifest),
                "generator_cpu": round(self.seconds, 1), "short_commits": self.short.commits,
                "cpu": [round(run.cpu, 3) for run in self.long.runs], "short_cpu": [round(run.cpu, 3) for run in self.short.runs],
                "ratio": round(ratio, 3), "target": EXPORT_TARGET, "reached": ratio <= EXPORT_TARGET}


def histories(share: float) -> list[History]:
    return [History(name, max(3, round(days * share)), runs) for name, days, runs in [
        ("ten years of nights", 3_650, 1), ("three years of hourly runs", 1_095, 24), ("a year of every five minutes", 365, 288)]]


def fail(text: str):
    raise SystemExit(f"error: {text}")


def say(text: str):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """The programs, a working folder, and the API host of every archive."""

    def __init__(self, arguments, work: pathlib.Path):
        self.exporter, self.emulator, self.benchmark = arguments.exporter, arguments.emulator, arguments.benchmark
        self.work = work
        self.events = work / "events.json"
        self.address = f"http://127.0.0.1:{free_port()}"
        # Yesterday: an export within ten minutes after the end of an archive has nothing to commit.
        self.end = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)

    def make(self, number: int, history: History):
        def archive(kind: str, *options) -> tuple[Archive, float]:
            root = self.work / f"{number}-{kind}"
            run = measure.run([
                self.benchmark, "make-history", "--archive", root, "--organization", ORGANIZATION, "--api-host", self.address,
                "--to", self.end, "--days", history.days, "--runs-per-day", history.runs_per_day,
                "--recent-events", self.events, *options])
            return Archive(root), run.cpu

        history.long, history.seconds = archive("long")
        history.short, _ = archive("short", "--backfilled")
        say(f"{history.name}: {history.long.commits:,} commits made in {history.seconds:.1f} CPU s")

    def verify(self, archive: Archive):
        run = measure.run([self.exporter, "verify", "--quiet", "--organization", ORGANIZATION, "--archive", archive.root])
        say(f"{archive.root.name}: verified in {run.cpu:.1f} CPU s")

    def export(self, archive: Archive, *options) -> measure.Run:
        return measure.run(
            [self.exporter, "export", "--quiet", "--existing", "--quiet-commit-interval", "0s", "--organization", ORGANIZATION,
             "--archive", archive.root, "--api-host", self.address, "--max-requests-per-second", "unlimited", *options], {"CLOUDSMITH_API_KEY": KEY})

    @contextlib.contextmanager
    def serving(self):
        # After SIGTERM, this process still ends the emulator.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        emulator = subprocess.Popen(
            [self.emulator, "--organization", ORGANIZATION, "--events", self.events, "--rate-limit", "0",
             "--port", self.address.rsplit(":", 1)[1]], stdout=subprocess.PIPE, text=True)
        try:
            if not emulator.stdout.readline().startswith("listening on "):
                fail("the emulator did not start")
            yield
        finally:
            emulator.terminate()
            emulator.wait()


def convert(bench: Bench, archive: Archive, rounds: int) -> dict:
    """The conversion of an archive of CSV to CSV and Parquet, on a copy for each round."""
    runs, root = [], bench.work / "converted"
    for number in range(rounds):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(archive.root, root)
        copy = Archive(root)
        runs.append(run := bench.export(copy, "--format", "csv,parquet"))
        say(f"round {number + 1}  conversion  {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU {run.written / 1e6:7.1f} MB written")
    converted = Archive(root)
    days = json.loads(converted.manifest)["partitions"]
    if any({file["format"] for file in day["files"]} != {"csv", "parquet"} for day in days if day["rows"]):
        fail("a day was not converted")
    bench.verify(converted)
    cpu, written = (statistics.median(getattr(run, name) for run in runs) for name in ("cpu", "written"))
    part_bytes = sum(file["bytes"] for day in days for file in day["files"])
    return {"days": len(days), "commits": converted.commits - archive.commits, "part_bytes": part_bytes,
            "cpu": [round(run.cpu, 3) for run in runs], "written": [run.written for run in runs],
            "median_cpu": round(cpu, 3), "cpu_target": CONVERSION_TARGET, "cpu_reached": cpu <= CONVERSION_TARGET,
            "written_ratio": round(written / part_bytes, 3), "written_target": WRITTEN_TARGET,
            # A file system in memory counts no written bytes.
            "written_reached": written / part_bytes <= WRITTEN_TARGET if written else None}


def table(result: dict) -> str:
    lines = ["| archive | days | commits | manifest MB | CPU s | with two commits | ratio | target |", "|" + " --- |" * 8]
    for row in result["histories"]:
        lines.append(
            f"| {row['name']} | {row['days']:,} | {row['commits']:,} | {row['manifest_bytes'] / 1e6:.2f} "
            f"| {statistics.median(row['cpu']):.3f} | {statistics.median(row['short_cpu']):.3f} | {row['ratio']:.2f} "
            f"| ≤ {row['target']}: {word(row['reached'])} |")
    one = result["conversion"]
    lines += ["", "| conversion to csv,parquet | days | part MB | CPU s | target | written, relative to the parts | target |",
              "|" + " --- |" * 7,
              f"| {result['histories'][0]['name']} | {one['days']:,} | {one['part_bytes'] / 1e6:.1f} | {one['median_cpu']:.2f} "
              f"| ≤ {one['cpu_target']}: {word(one['cpu_reached'])} | {one['written_ratio']:.2f} "
              f"| ≤ {one['written_target']}: {word(one['written_reached'])} |"]
    return "\n".join(lines)


def word(reached: bool | None) -> str:
    return "not measured" if reached is None else "reached" if reached else "missed"


def main():
    parser = argparse.ArgumentParser(
        prog="Scripts/benchmark --history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1, help="use only this share of each period, such as 0.01, for a quick trial")
    parser.add_argument("--json", type=pathlib.Path, help="write the results to this file")
    parser.add_argument("--exporter", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--emulator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--benchmark", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    this, found = machine(), histories(arguments.share)
    if this["load"] > 1:
        say(f"this machine is busy (load {this['load']}); only the ratios are meaningful")
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="history-") as work:
        bench = Bench(arguments, pathlib.Path(work))
        for number, history in enumerate(found):
            bench.make(number, history)
        for history in found:
            bench.verify(history.long)
            bench.verify(history.short)
        with bench.serving():
            for number in range(arguments.rounds):
                for history in found:
                    for archive in (history.long, history.short):
                        archive.runs.append(run := bench.export(archive))
                        archive.put_back()
                        say(f"round {number + 1}  {history.name:<30} {archive.commits:>7,} commits {run.wall:7.2f} s wall "
                            f"{run.cpu:7.3f} s CPU")
            conversion = convert(bench, found[0].long, arguments.rounds)
    result = {"archives_end": str(bench.end), "rounds": arguments.rounds, "share": arguments.share, "machine": this,
              "histories": [history.row() for history in found], "conversion": conversion}
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
