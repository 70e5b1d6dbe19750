"""Runs the exporter, the bounds and the peers on the same pages, in turn, and prints the time and CPU of each.

Every contender fetches all pages, flattens the events to the 23 columns and writes csv.gz by day. The peers skip the other
work of the exporter: unknown members, uniqueness, hashes, the manifest, fsync, and in most cases the order of rows. The
bounds do a part of the job: a compressor compresses the finished CSV, curl fetches the pages and discards them.
"""

import argparse
import contextlib
import gzip
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import measure
from contenders import Contender, contenders, exporter
from figures import figures, ratios, table
from pages import Pages
from server import serving

CACHE = pathlib.Path(".build-benchmark")


def measured(contender: Contender, pages: Pages, address: str, csv: pathlib.Path, out: pathlib.Path) -> measure.Run:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if contender.kind == "bound" and contender.writes:
        for day in csv.iterdir():
            shutil.copy(day, out / day.name)
    run = measure.run(
        contender.command(pages, address, out), {"CLOUDSMITH_API_KEY": "benchmark"}, contender.together)
    parts = sorted([*out.rglob("*.csv.gz"), *out.rglob("*.parquet")])
    contender.written = sum(part.stat().st_size for part in parts)
    if contender.writes and not contender.runs:
        check(contender, parts, pages)
    return run


def check(contender: Contender, parts: list[pathlib.Path], pages: Pages):
    """Fails if the contender did not do the whole job."""
    if len(parts) < pages.days:
        raise SystemExit(f"error: {contender.name} wrote {len(parts)} files for {pages.days} days")
    for suffix in {part.suffix for part in parts}:
        alike = [part for part in parts if part.suffix == suffix]
        rows = sum(map(count_rows, alike)) if suffix == ".gz" else count_table_rows(contender, alike)
        if rows != pages.events:
            raise SystemExit(f"error: {contender.name} wrote {rows} rows of {pages.events} events")


def count_table_rows(contender: Contender, parts: list[pathlib.Path]) -> int:
    """The rows in the footers of Parquet files. For the exporter, the rows in its manifest, which needs no package."""
    if contender.kind == "exporter":
        archive = next(parent for parent in parts[0].parents if (parent / "_manifest").exists())
        manifest = json.loads((archive / "_manifest/bench/manifest.json").read_text())
        return sum(file["rows"] for day in manifest["partitions"] for file in day["files"] if file["format"] == "parquet")
    count = "import sys; from pyarrow.parquet import read_metadata as footer; print(sum(footer(f).num_rows for f in sys.argv[1:]))"
    return int(subprocess.run([".venv-bench/bin/python", "-c", count, *parts], check=True, capture_output=True).stdout)


def count_rows(part: pathlib.Path) -> int:
    """The number of line breaks outside quotes, without the header."""
    rows, quoted = -1, False
    with gzip.open(part) as text:
        for line in text:
            quoted ^= line.count(b'"') % 2 == 1
            rows += not quoted
    return rows


def finished_csv(arguments, pages: Pages, address: str) -> pathlib.Path:
    """The days as the exporter writes them, uncompressed: the input of the compressors."""
    folder = pages.folder.with_name(pages.folder.name + ".csv")
    if not folder.exists():
        archive, new = folder.with_suffix(".archive"), folder.with_suffix(".new")
        for left in (archive, new):
            shutil.rmtree(left, ignore_errors=True)
        new.mkdir()
        command = exporter(arguments.exporter, 1, [])(pages, address, archive)
        measure.run(command, {"CLOUDSMITH_API_KEY": "benchmark"})
        for part in sorted(archive.rglob("*.csv.gz")):
            day = part.parent.name.removeprefix("event_date=")
            with gzip.open(part) as text, open(new / f"{day}.csv", "ab") as file:
                shutil.copyfileobj(text, file, 1 << 20)
        shutil.rmtree(archive)
        new.rename(folder)
    return folder


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        models = {line.split(":", 1)[1].strip() for line in file if line.startswith("model name")}
    return {"processor": ", ".join(sorted(models)) or platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.release()}", "load": round(os.getloadavg()[2], 1)}


def main():
    parser = argparse.ArgumentParser(
        prog="Scripts/benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # One more than a round number: a list that ends at a round number of events may have been cut off, so the exporter
    # would not claim it.
    parser.add_argument("--events", type=int, default=1_000_001)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="also run the peers")
    parser.add_argument("--parquet", action="store_true", help="run the contenders that write Parquet instead of csv.gz")
    parser.add_argument("--only", 
                        help="only contenders with one of these words in their names, such as exporter,pigz")
    parser.add_argument("--json", type=pathlib.Path, help="write the results to this file")
    parser.add_argument("--exporter", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--emulator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--also", type=pathlib.Path, action="append", default=[],
                        help="another build of the exporter, to compare with")
    parser.add_argument("--exporter-options", default="",
                        help="more options for the exporter, such as '--max-concurrent-requests 4'")
    parser.add_argument("--output", type=pathlib.Path, default=CACHE,
                        help="the output folder; on a file system in memory, the disk has no influence")
    arguments = parser.parse_args()

    found, this = contenders(arguments), machine()
    # Other work in the last 15 minutes makes wall times longer, and CPU times slightly longer.
    if this["load"] > 1:
        print(f"this machine is busy (load {this['load']}); only the ratios are meaningful", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        stages = {}
        for events in {arguments.events, *(one.events for one in found if one.events)}:
            pages = Pages(CACHE, arguments.emulator, events, arguments.days)
            stages[events] = pages, stack.enter_context(serving(pages))
        pages, address = stages[arguments.events]
        csv = finished_csv(arguments, pages, address) if any(one.kind == "bound" for one in found) else None
        for number in range(arguments.rounds):
            for one in found:
                run = measured(one, *stages[one.events or arguments.events], csv, arguments.output / "out")
                one.runs.append(run)
                print(f"round {number + 1}  {one.name:<28} {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU "
                      f"{run.memory / 1e6:6.0f} MB", file=sys.stderr, flush=True)
    result = {
        "events": arguments.events, "days": arguments.days, "rounds": arguments.rounds, "date": str(pages.to),
        "json_bytes": pages.bytes, "csv_bytes": sum(day.stat().st_size for day in csv.iterdir()) if csv else None,
        "machine": this, "exporter_options": arguments.exporter_options,
        "contenders": [figures(one, arguments.events) for one in found], "ratios": ratios(found, arguments.events),
    }
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
