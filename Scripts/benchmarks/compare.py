"""Runs the exporter, the bounds and the peers over the same pages, in turn, and tells what each needs.

Every contender fetches all pages, flattens the events to the 23 columns and writes csv.gz by day. The peers are spared what the
exporter does besides: members that no column knows, uniqueness, hashes, the manifest, fsync, and most of them the order of rows.
The bounds do a part of the job: a compressor takes the finished CSV, curl fetches and throws away.
"""

import argparse
import contextlib
import dataclasses
import gzip
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable

import measure
from pages import PAGE_SIZE, Pages
from peers import PEERS
from server import serving

HERE = pathlib.Path(__file__).parent
CACHE = pathlib.Path(".build-benchmark")


@dataclasses.dataclass
class Contender:
    name: str
    kind: str
    """exporter, bound or peer."""
    command: Callable
    """From the pages, their address and the folder to write to, the command."""
    level: int | None = None
    events: int | None = None
    """How many events it is given, where all would take too long."""
    together: bool = False
    """Its processes are looked at together, for memory."""
    writes: bool = True
    runs: list = dataclasses.field(default_factory=list)
    written: int = 0


def exporter(binary: pathlib.Path, level: int, options: list[str]):
    return lambda pages, address, out: [
        binary, "export", "--quiet", "--organization", "bench", "--archive", out, "--api-host", address,
        "--backfill-start-time", pages.start, "--retention", "1000d", "--max-requests-per-second", "unlimited",
        "--compression-level", level, *options]


def compressor(*words: str):
    return lambda pages, address, out: [*words, *sorted(out.glob("*.csv"))]


def curl(pages: Pages, address: str, out: pathlib.Path):
    return ["curl", "-sS", "-o", "/dev/null",
            f"{address}/audit-log/bench/?page=[1-{pages.total}]&page_size={PAGE_SIZE}"]


def contenders(arguments) -> list[Contender]:
    found = []
    for number, binary in enumerate([arguments.exporter, *arguments.also]):
        for level in (6, 1):
            name = f"exporter -{level}" if number == 0 else f"{binary} -{level}"
            found.append(
                Contender(name, "exporter", exporter(binary, level, arguments.exporter_options.split()), level))
    found += [
        Contender("pigz -p1 -6", "bound", compressor("pigz", "-p1", "-6", "-k", "-f"), 6),
        Contender("gzip -6", "bound", compressor("gzip", "-6", "-k", "-f"), 6),
        Contender("libdeflate-gzip -6", "bound", compressor("libdeflate-gzip", "-6", "-k", "-f"), 6),
        Contender("pigz -p1 -1", "bound", compressor("pigz", "-p1", "-1", "-k", "-f"), 1),
        Contender("curl", "bound", curl, writes=False),
    ]
    if arguments.peers:
        for peer in PEERS:
            found.append(Contender(
                peer.name, "peer", python(peer), peer.level,
                min(peer.events, arguments.events) if peer.events else None, peer.together))
    wanted = arguments.only.split(",") if arguments.only else None
    return [one for one in found if wanted is None or any(word in one.name for word in wanted)]


def python(peer):
    return lambda pages, address, out: [
        ".venv-bench/bin/python", HERE / "peers" / peer.script, address, out, peer.level or 0, pages.total]


def measured(contender: Contender, pages: Pages, address: str, csv: pathlib.Path, output: pathlib.Path) -> measure.Run:
    out = output / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if contender.kind == "bound" and contender.writes:
        for day in csv.iterdir():
            shutil.copy(day, out / day.name)
    run = measure.run(
        contender.command(pages, address, out), {"CLOUDSMITH_API_KEY": "benchmark"}, contender.together)
    parts = sorted(out.rglob("*.csv.gz"))
    contender.written = sum(part.stat().st_size for part in parts)
    if contender.writes and not contender.runs:
        check(contender, parts, pages)
    return run


def check(contender: Contender, parts: list[pathlib.Path], pages: Pages):
    """Refuses figures for a job that was not done."""
    if len(parts) < pages.days:
        raise SystemExit(f"error: {contender.name} wrote {len(parts)} files for {pages.days} days")
    rows = sum(count_rows(part) for part in parts)
    if rows != pages.events:
        raise SystemExit(f"error: {contender.name} wrote {rows} rows of {pages.events} events")


def count_rows(part: pathlib.Path) -> int:
    """Line ends outside quotes, less the header's."""
    rows, quoted = -1, False
    with gzip.open(part) as text:
        for line in text:
            quoted ^= line.count(b'"') % 2 == 1
            rows += not quoted
    return rows


def finished_csv(arguments, pages: Pages, address: str) -> pathlib.Path:
    """The days as the exporter writes them, not compressed: what the compressors are given."""
    folder = pages.folder.with_name(pages.folder.name + ".csv")
    if not folder.exists():
        archive, new = folder.with_suffix(".archive"), folder.with_suffix(".new")
        for left in (archive, new):
            shutil.rmtree(left, ignore_errors=True)
        new.mkdir()
        measure.run(exporter(arguments.exporter, 1, [])(pages, address, archive), {"CLOUDSMITH_API_KEY": "benchmark"})
        for part in sorted(archive.rglob("*.csv.gz")):
            day = part.parent.name.removeprefix("event_date=")
            with gzip.open(part) as text, open(new / f"{day}.csv", "ab") as file:
                shutil.copyfileobj(text, file, 1 << 20)
        shutil.rmtree(archive)
        new.rename(folder)
    return folder


def figures(contender: Contender, events: int) -> dict:
    def middle(name):
        return statistics.median(getattr(run, name) for run in contender.runs)

    wall, cpu = middle("wall"), middle("cpu")
    return {
        "name": contender.name, "kind": contender.kind, "level": contender.level,
        "events": contender.events or events, "wall_seconds": round(wall, 3), "cpu_seconds": round(cpu, 3),
        "events_per_second": round((contender.events or events) / wall),
        "events_per_cpu_second": round((contender.events or events) / cpu),
        "peak_memory_bytes": max(run.memory for run in contender.runs),
        "output_bytes": contender.written,
        "runs": [{"wall": round(run.wall, 3), "cpu": round(run.cpu, 3)} for run in contender.runs],
    }


def ratios(found: list[Contender], events: int) -> dict:
    """How the exporter's seconds for an event compare with each other contender's: medians of the rounds' own ratios.

    Of a bound, and of another build or level, how many times as much the exporter needs; of a peer, how many times as much that needs."""
    def ratio(one, other, name):
        share = (one.events or events) / (other.events or events)
        return round(statistics.median(getattr(a, name) / getattr(b, name) / share for a, b in zip(one.runs, other.runs)), 3)

    result = {}
    for own in (one for one in found if one.kind == "exporter"):
        rest = [one for one in found if one is not own]
        result[own.name] = {
            "wall_to_cpu": round(statistics.median(run.wall / run.cpu for run in own.runs), 3),
            "needs": {one.name: {name: ratio(own, one, name) for name in ("cpu", "wall")} for one in rest if one.kind != "peer"},
            "peers_need": {one.name: {name: ratio(one, own, name) for name in ("cpu", "wall")} for one in rest if one.kind == "peer"},
        }
    return result


def table(result: dict) -> str:
    lines = ["| | events | wall s | CPU s | events/s wall | events/s per CPU s | peak MB | output MB |", "|" + " --- |" * 8]
    for row in result["contenders"]:
        output = f"{row['output_bytes'] / 1e6:.1f}" if row["output_bytes"] else "–"
        lines.append(
            f"| {row['name']} | {row['events']:,} | {row['wall_seconds']:.2f} | {row['cpu_seconds']:.2f} "
            f"| {row['events_per_second']:,} | {row['events_per_cpu_second']:,} "
            f"| {row['peak_memory_bytes'] / 1e6:,.0f} | {output} |")
    for name, own in result["ratios"].items():
        lines += ["", f"{name}: its wall is {own['wall_to_cpu']:.2f} of its CPU; it needs"]
        lines += [f"  {ratio['cpu']:6.2f} × the CPU and {ratio['wall']:6.2f} × the wall of {other}" for other, ratio in own["needs"].items()]
        lines += [f"  {other} needs {ratio['cpu']:.2f} × its CPU and {ratio['wall']:.2f} × its wall" for other, ratio in own["peers_need"].items()]
    return "\n".join(lines)


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        models = {line.split(":", 1)[1].strip() for line in file if line.startswith("model name")}
    return {"processor": ", ".join(sorted(models)) or platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.release()}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="the peers too")
    parser.add_argument("--only", help="only the contenders with one of these words in their names, such as exporter,pigz")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file")
    parser.add_argument("--exporter", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--emulator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--also", type=pathlib.Path, action="append", default=[], help="another build of the exporter, to compare with")
    parser.add_argument("--exporter-options", default="", help="more options for the exporter, such as '--max-concurrent-requests 4'")
    parser.add_argument("--output", type=pathlib.Path, default=CACHE, help="where to write to; on a file system in memory the disk counts for nothing")
    arguments = parser.parse_args()

    found = contenders(arguments)
    with contextlib.ExitStack() as stack:
        stages = {}
        for events in {arguments.events, *(one.events for one in found if one.events)}:
            pages = Pages(CACHE, arguments.emulator, events, arguments.days)
            stages[events] = pages, stack.enter_context(serving(pages))
        pages, address = stages[arguments.events]
        csv = finished_csv(arguments, pages, address) if any(one.kind == "bound" for one in found) else None
        for number in range(arguments.rounds):
            for one in found:
                run = measured(one, *stages[one.events or arguments.events], csv, arguments.output)
                one.runs.append(run)
                print(f"round {number + 1}  {one.name:<28} {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU "
                      f"{run.memory / 1e6:6.0f} MB", file=sys.stderr, flush=True)
    result = {
        "events": arguments.events, "days": arguments.days, "rounds": arguments.rounds, "date": str(pages.to),
        "json_bytes": pages.bytes, "csv_bytes": sum(day.stat().st_size for day in csv.iterdir()) if csv else None,
        "machine": machine(), "exporter_options": arguments.exporter_options,
        "contenders": [figures(one, arguments.events) for one in found], "ratios": ratios(found, arguments.events),
    }
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
