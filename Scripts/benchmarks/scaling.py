"""Measures growth with the number of events, of days, and of requests in flight. Prints a table in Markdown."""

import argparse
import pathlib
import shutil
import statistics
import sys

import measure
from compare import CACHE
from contenders import exporter
from pages import PAGE_SIZE, Pages
from server import serving

LATENCY = 0.1


def sizes(large: bool) -> list[tuple[int, int]]:
    """Events and days. Not a round number of events, because such a list may have been cut off."""
    found = [(10_001, 30), (100_001, 30), (1_000_001, 1), (1_000_001, 30), (1_000_001, 365), (2_000_500, 1)]
    return [*found, (5_000_500, 150)] if large else found


def flights(most: int) -> list[tuple[int, int]]:
    """Requests in flight, and enough events for some seconds."""
    return [(n, min(1_000_000, 50_000 * n) + 1) for n in (1, 2, 4, 8, 16, 32, 64) if n <= most]


def runs(arguments, pages: Pages, latency: float, options: list[str]) -> list[measure.Run]:
    out = CACHE / "out"
    found = []
    with serving(pages, latency) as address:
        for _ in range(arguments.rounds):
            shutil.rmtree(out, ignore_errors=True)
            run = measure.run(
                exporter(arguments.exporter, 6, options)(pages, address, out), {"CLOUDSMITH_API_KEY": "benchmark"})
            found.append(run)
            print(f"{pages.events:>9,} events {pages.days:>4} days  {' '.join(options):<28} {run.wall:7.2f} s wall "
                  f"{run.cpu:7.2f} s CPU {run.memory / 1e6:6.0f} MB", file=sys.stderr, flush=True)
    return found


def middle(found: list[measure.Run], name: str) -> float:
    return statistics.median(getattr(run, name) for run in found)


def main():
    parser = argparse.ArgumentParser(
        prog="Scripts/benchmark --scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="also 5,000,000 events over 150 days")
    parser.add_argument("--most-in-flight", type=int, default=64, help="the maximum of requests in flight")
    parser.add_argument("--exporter", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--emulator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    lines = ["| events | days | wall s | CPU s | events/s | CPU µs an event | peak MB |", "|" + " --- |" * 7]
    for events, days in sizes(arguments.large):
        found = runs(arguments, Pages(CACHE, arguments.emulator, events, days), 0, [])
        wall, cpu = middle(found, "wall"), middle(found, "cpu")
        lines.append(f"| {events:,} | {days} | {wall:.2f} | {cpu:.2f} | {events / wall:,.0f} | {cpu / events * 1e6:.1f} "
                     f"| {max(run.memory for run in found) / 1e6:.0f} |")
    lines += ["", f"Each answer {LATENCY * 1000:.0f} ms late:", "",
              "| requests in flight | events | wall s | events/s | the latency allows | reached | peak MB |",
              "|" + " --- |" * 7]
    for number, events in flights(arguments.most_in_flight):
        found = runs(
            arguments, Pages(CACHE, arguments.emulator, events, 30), LATENCY, ["--max-concurrent-requests", str(number)])
        wall, allowed = middle(found, "wall"), number * PAGE_SIZE / LATENCY
        lines.append(f"| {number} | {events:,} | {wall:.2f} | {events / wall:,.0f} | {allowed:,.0f} "
                     f"| {events / wall / allowed:.0%} | {max(run.memory for run in found) / 1e6:.0f} |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
