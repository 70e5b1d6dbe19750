"""Counts the instructions of a fixed small job, part by part, and compares them with the numbers in instructions.json.

Instructions, unlike seconds, are the same on a busy machine. With another compiler or zlib they differ, and the guard draws
no conclusion. It fails if a part needs more than the tolerance allows. If a part needs less, record that with --update, so
that a later regression is found."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FILE = pathlib.Path(__file__).with_name("instructions.json")
EVENTS = 2_000
PARTS = ["parse", "collect", "sort", "format", "hash", "compress1", "compress6", "writeParquet", "read"]


def counted(benchmark: pathlib.Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as work:
        out, program = f"{work}/callgrind.out", f"{work}/benchmark"
        # Valgrind cannot read the compiler's debug information. The names of functions are enough.
        subprocess.run(["strip", "--strip-debug", "-o", program, benchmark], check=True)
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
             program, "--events", str(EVENTS), "--rounds", "1"],
            # Makes the layout of dictionaries the same in every run.
            env={**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}, capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"{run.stderr}error: the job exited with status {run.returncode}")
        listed = subprocess.run(
            ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out],
            check=True, capture_output=True, text=True).stdout
    counts, names = {}, "|".join(PARTS)
    for line in listed.splitlines():
        # Private functions of PartBenchmark without arguments, except functions that the compiler has merged (…Tm).
        found = re.match(rf"\s*([\d,]+) .*:\$s20cloudsmith_benchmark13PartBenchmarkV\d+?({names})\d\d_\w{{32}}LLyyK?F ", line)
        if found:
            counts[found[2]] = int(found[1].replace(",", ""))
    if missing := [part for part in PARTS if part not in counts]:
        raise SystemExit(f"error: no count of {', '.join(missing)}; are these functions of PartBenchmark inlined?")
    return {part: counts[part] for part in PARTS}


def tools() -> dict[str, str]:
    """The tools that the counts depend on."""
    def said(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    swift = said("swift", "--version")
    version = re.search(r"Swift version (\S+)", swift)
    return {"swift": version[1] if version else swift, "zlib": said("pkg-config", "--modversion", "zlib"),
            "machine": os.uname().machine}


def main():
    parser = argparse.ArgumentParser(
        prog="Scripts/benchmark --guard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--update", action="store_true", help="record the new counts in the file")
    arguments = parser.parse_args()

    known = json.loads(FILE.read_text()) if FILE.exists() else {"tolerance": 0.03, "instructions": {}}
    now = counted(arguments.benchmark)
    if arguments.update:
        new = {"events": EVENTS, "tolerance": known["tolerance"], "tools": tools(), "instructions": now}
        FILE.write_text(json.dumps(new, indent=2) + "\n")
        print(f"written to {FILE}")
    same = arguments.update or known.get("tools") == tools()
    print(f"{'part':<14}{'instructions':>14}{'per row':>10}{'before':>14}{'change':>9}")
    worse = []
    for part, count in now.items():
        before = known["instructions"].get(part)
        change = count / before - 1 if before else 0
        print(f"{part:<14}{count:>14,}{count / EVENTS:>10,.0f}{before or 0:>14,}{change:>+9.1%}")
        # Another memory layout alone can change the smallest parts by up to 25 instructions per row.
        if change > known["tolerance"] and count - before > 25 * EVENTS:
            worse.append(part)
    if not same:
        print(f"counted with {tools()}, but the recorded counts are from {known.get('tools')}: no conclusion")
    elif worse and not arguments.update:
        raise SystemExit(
            f"error: {', '.join(worse)}: more than {known['tolerance']:.0%} above instructions.json; make it faster, or "
            "run Scripts/benchmark --guard --update and explain why in a separate commit")


if __name__ == "__main__":
    main()
