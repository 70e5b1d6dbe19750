"""Measures how long other engines take to open the Delta Lake table of a long history and to count one day.

It generates an archive of ten years of nights with the exporter's own writer: 3,650 versions, each of which adds the parts of two days
and removes one, and a checkpoint at every 100th. A second table has the same files, without the checkpoints and `_last_checkpoint`.
Each measurement is a new process, which starts Python, opens one of the tables and counts the events of one day. The engines and the
two tables take turns. The table shows medians; a missed target is not a failure."""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import measure
from compare import CACHE, machine

READER = pathlib.Path(__file__).parent.parent.parent / "Tests/Interoperability/read_table.py"
TARGET = 1.2


def fail(text: str):
    raise SystemExit(f"error: {text}")


def say(text: str):
    print(text, file=sys.stderr, flush=True)


class Table:
    def __init__(self, root: pathlib.Path):
        self.root, self.log = root, root / "_delta_log"

    def checkpoints(self) -> list[pathlib.Path]:
        return sorted(self.log.glob("*.checkpoint.parquet"))

    def without_checkpoints(self, root: pathlib.Path) -> "Table":
        """The same table with the same files, as hard links."""
        shutil.copytree(self.root, root, copy_function=os.link)
        other = Table(root)
        for path in [*other.checkpoints(), *other.log.glob("_last_checkpoint")]:
            path.unlink()
        return other

    def facts(self) -> dict:
        versions, checkpoints = sorted(self.log.glob("*.json")), self.checkpoints()
        newest = int(checkpoints[-1].name.split(".")[0]) if checkpoints else -1
        return {"versions": len(versions), "version_bytes": sum(path.stat().st_size for path in versions),
                "checkpoints": len(checkpoints), "checkpoint_bytes": checkpoints[-1].stat().st_size if checkpoints else 0,
                "versions_since": len(versions) - 1 - newest}

    def count_command(self, engine: str, day: str) -> list:
        return [sys.executable, READER, engine, self.root.absolute(), "--count-day", day]


def made(arguments, work: pathlib.Path) -> pathlib.Path:
    """The archive that was given, or a new one."""
    if arguments.archive:
        return arguments.archive
    run = measure.run([
        arguments.benchmark, "make-history", "--archive", work / "archive", "--to", "2026-11-30",
        "--days", max(2, round(3_650 * arguments.share)), "--format", "delta"])
    say(f"made in {run.wall:.0f} s")
    return work / "archive"


def newest_whole_day(table: Table) -> str:
    """The day before the newest one."""
    return sorted(path.name for path in table.root.glob("organization=*/event_date=*"))[-2].removeprefix("event_date=")


def row(engine: str, found: list[measure.Run], bare: list[measure.Run]) -> dict:
    seconds, without = (statistics.median(run.wall for run in runs) for runs in (found, bare))
    return {"engine": engine, "seconds": round(seconds, 3), "without_checkpoints": round(without, 3),
            "ratio": round(seconds / without, 3), "cpu": round(statistics.median(run.cpu for run in found), 3),
            "megabytes": round(statistics.median(run.memory for run in found) / 1e6),
            "target": TARGET, "reached": seconds <= TARGET}


def text(result: dict) -> str:
    facts = result["table"]
    lines = [
        f"{facts['versions']:,} versions of {facts['version_bytes'] / 1e6:.1f} MB, {facts['checkpoints']} checkpoints, the newest of "
        f"{facts['checkpoint_bytes'] / 1e3:.0f} kB, and {facts['versions_since']} versions since.", "",
        "| engine | s | CPU s | MB | without checkpoints, s | ratio | target |", "|" + " --- |" * 7]
    for one in result["engines"]:
        lines.append(
            f"| {one['engine']} | {one['seconds']:.2f} | {one['cpu']:.2f} | {one['megabytes']} | {one['without_checkpoints']:.2f} "
            f"| {one['ratio']:.2f} | ≤ {one['target']} s: {'reached' if one['reached'] else 'missed'} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        prog="Scripts/benchmark --table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1, help="use only this share of the ten years, such as 0.1, for a quick trial")
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["deltalake", "duckdb", "polars", "chdb"])
    parser.add_argument("--archive", type=pathlib.Path, help="measure this archive, on the same file system, instead of a generated one")
    parser.add_argument("--json", type=pathlib.Path, help="write the results to this file")
    parser.add_argument("--benchmark", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    this = machine()
    if this["load"] > 1:
        say(f"this machine is busy (load {this['load']}); only the ratios are meaningful")
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="table-") as work:
        work = pathlib.Path(work)
        table = Table(made(arguments, work) / "parquet")
        bare = table.without_checkpoints(work / "bare")
        day, counts = newest_whole_day(table), set()
        for engine in arguments.engines:
            counts |= {subprocess.check_output(one.count_command(engine, day)) for one in (table, bare)}
        if len(counts) != 1:
            fail(f"the engines count differently: {counts}")
        runs = {engine: ([], []) for engine in arguments.engines}
        for number in range(arguments.rounds):
            for engine, (found, without) in runs.items():
                for one, into in ((table, found), (bare, without)):
                    into.append(measure.run(one.count_command(engine, day)))
                say(f"round {number + 1}  {engine:<10} {found[-1].wall:6.2f} s, without checkpoints {without[-1].wall:6.2f} s")
        result = {"rounds": arguments.rounds, "machine": this, "table": table.facts(), "day": day, "rows": int(counts.pop()),
                  "engines": [row(engine, *runs[engine]) for engine in runs]}
    print(text(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
