"""Reads a Delta Lake table in a loop while it is written, with one process per engine, and checks every answer.

    read_while_writing.py EXPORTER ARCHIVE --work FOLDER --first-day 2026-10-01 --nights 50 --engines deltalake,duckdb

A night is a run of EXPORTER: it exports its day, and again the 19 days before, to which the emulator has added late events. The key and
the host of the API come from the exporter's variables. Each reader opens the table, asks the same question several times, and opens it
again, from the first night to after the last one.

Every answer must be that of one version of the table, and no answer may be older than the one before it. The number of rows
of each version is the sum of `numRecords` of its files; the sum of a column is computed from its files after the night. A query may
fail only because a file is missing that a version removed. With --keep-superseded DURATION, which is given to the exporter, no
query may fail, not even that of a reader that holds one version for 10 nights.

Prints a JSON object with what each reader saw. Exits with status 1 if an answer or an error is wrong.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import read_table

QUESTION = f"SELECT count(*) AS events, sum(length(event)) AS letters FROM {read_table.NAME}"
WINDOW = 20
LOG = "_delta_log"


# A reader ------------------------------------------------------------------------------------------------------------

class PinnedDuckDB(read_table.DuckDB):
    """DuckDB with a table that stays at the version that it had when it was attached."""

    def __init__(self, place):
        super().__init__(place)
        self.connection.execute(f"ATTACH {read_table.quoted(place)} AS pinned (TYPE delta, PIN_SNAPSHOT)")
        self.connection.execute(f"CREATE OR REPLACE VIEW {read_table.NAME} AS SELECT * FROM pinned")


ENGINES = read_table.ENGINES | {"duckdb-pinned": PinnedDuckDB}


def read(name, place, folder, queries, pause):
    """Reads until the file `stop` exists, and once after that. Prints a line for each answer or error."""
    engine, has_stopped = None, False
    while True:
        is_last, has_stopped = has_stopped, (folder / "stop").exists()
        for number in range(1 if has_stopped else queries):
            begun = time.monotonic()
            try:
                if number == 0:
                    engine = opened(name, engine, place)
                [row] = engine.sql(QUESTION).to_pylist()
                found = {"answer": [int(row["events"]), int(row["letters"])]}
            except Exception as error:
                # A query that fails is run again, as the documentation says, with the table opened again.
                found = {"error": f"{type(error).__name__}: {error}"}
                print(json.dumps(found | {"held": number, "seconds": time.monotonic() - begun}), flush=True)
                break
            print(json.dumps(found | {"held": number, "seconds": time.monotonic() - begun}), flush=True)
            time.sleep(pause)
        if is_last:
            break
    if engine:
        engine.close()


def opened(name, engine, place):
    if engine is None:
        return ENGINES[name](place)
    engine.reopen(place)
    return engine


class Reader:
    def __init__(self, name, place, folder, options):
        self.name = name
        self.path = folder / f"{name}.jsonl"
        with open(self.path, "wb") as output, open(folder / f"{name}.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--reader", name, str(place), str(folder), str(options.queries), str(options.pause)],
                stdout=output, stderr=log)
        self.log = folder / f"{name}.log"

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for_answer(self):
        while self.process.poll() is None and not self.path.stat().st_size:
            time.sleep(0.05)


# The table -----------------------------------------------------------------------------------------------------------

class Fold:
    """The table, version by version, from its log."""

    def __init__(self, table):
        self.table = table
        self.files = {}
        # The answer to QUESTION by version. The sum is None for a version whose files were deleted before they were read.
        self.answers = []
        self.removed = set()

    def read_on(self):
        """Applies the versions since, and computes the sum of the newest one from its files."""
        while (path := self.table / LOG / f"{len(self.answers):020}.json").exists():
            for line in path.read_text().splitlines():
                (kind, action), = json.loads(line).items()
                if kind == "remove":
                    del self.files[action["path"]]
                    self.removed.add(action["path"])
                elif kind == "add":
                    assert action["path"] not in self.removed, action
                    self.files[action["path"]] = [json.loads(action["stats"])["numRecords"], None]
            self.answers.append([sum(rows for rows, _ in self.files.values()), None])
        letters = 0
        for path, known in self.files.items():
            if known[1] is None:
                known[1] = self.letters(path, known[0])
            letters += known[1]
        self.answers[-1][1] = letters

    def letters(self, path, rows):
        import pyarrow.compute
        import pyarrow.parquet

        column = pyarrow.parquet.ParquetFile(self.table / urllib.parse.unquote(path)).read(["event"]).column(0)
        assert len(column) == rows, f"{path} has {len(column)} rows, not {rows}"
        return pyarrow.compute.sum(pyarrow.compute.utf8_length(column)).as_py() or 0


# The check -----------------------------------------------------------------------------------------------------------

class Verdict:
    """What a reader saw, compared with the versions of the table."""

    def __init__(self, reader, fold, keeps):
        self.faults, self.seen, self.missing = [], collections.Counter(), 0
        self.held, self.seconds = 0, []
        versions = {count: number for number, (count, _) in enumerate(fold.answers)}
        names = {urllib.parse.unquote(path).rsplit("/", 1)[1] for path in fold.removed}
        lines, last = reader.lines(), -1
        for line in lines:
            if "error" in line:
                self.fail_unless_missing(line["error"], names, keeps)
                continue
            count, letters = line["answer"]
            self.seconds.append(line["seconds"])
            version = versions.get(count)
            if version is None:
                self.faults.append(f"{count} rows are no version of the table")
                continue
            if fold.answers[version][1] not in (None, letters):
                self.faults.append(f"{letters} letters in version {version}, which has {fold.answers[version][1]}")
            if version < last:
                self.faults.append(f"version {version} after version {last}")
            # An engine that opens the table for each query never holds a version.
            self.held += bool(line["held"]) and version == last
            last = version
            self.seen[version] += 1
        if last != len(fold.answers) - 1:
            self.faults.append(f"the last answer is of version {last}, not {len(fold.answers) - 1}")
        if reader.process.returncode:
            self.faults.append(f"status {reader.process.returncode}: {reader.log.read_text()[-2_000:]}")

    def fail_unless_missing(self, error, names, keeps):
        found = set(re.findall(r"part-[0-9A-Za-z.-]+?\.parquet", urllib.parse.unquote(error)))
        if keeps or not found or not found <= names:
            self.faults.append(error[:2_000])
        self.missing += 1

    def row(self):
        seconds = sorted(self.seconds) or [0]
        return {"answers": sum(self.seen.values()), "versions": len(self.seen), "from_held_version": self.held,
                "missing_file": self.missing, "median_seconds": round(seconds[len(seconds) // 2], 3), "faults": self.faults[:20]}


# Nights --------------------------------------------------------------------------------------------------------------

def export(options, night):
    """The night after a day. It reads the days before again, too."""
    def midnight(days):
        return f"{options.first_day + datetime.timedelta(days=days)}T00:00:00Z"

    keep = ["--keep-superseded", options.keep_superseded] if options.keep_superseded else []
    return subprocess.run(
        [options.exporter, "export", "--quiet", "--organization", "acme", "--archive", options.archive, "--format", "delta",
         "--from", midnight(max(0, night + 1 - WINDOW)), "--to", midnight(night + 1),
         "--max-requests-per-second", "unlimited", *keep], check=True)


def write_and_read(options):
    table, folder = pathlib.Path(options.archive).absolute() / "parquet", options.work
    folder.mkdir()
    # Readers need a table.
    export(options, 0)
    fold = Fold(table)
    fold.read_on()
    readers = [Reader(name, table, folder, options) for name in options.engines]
    try:
        for reader in readers:
            reader.wait_for_answer()
        begun = time.monotonic()
        for night in range(1, options.nights):
            export(options, night)
            fold.read_on()
            # On a fast machine too, each version is there long enough to be read.
            time.sleep(max(0, begun + night * options.interval - time.monotonic()))
        (folder / "stop").touch()
        for reader in readers:
            reader.process.wait(240)
    finally:
        for reader in readers:
            reader.process.kill()
            reader.process.wait()
    verdicts = {reader.name: Verdict(reader, fold, options.keep_superseded) for reader in readers}
    print(json.dumps({
        "versions": len(fold.answers), "rows": fold.answers[-1][0], "files": len(fold.files), "removed": len(fold.removed),
        "readers": {name: verdict.row() for name, verdict in verdicts.items()}}, indent=1))
    if len(fold.answers) < options.nights or not fold.removed:
        sys.exit("error: not every night wrote a version, or none revised a day")
    if any(verdict.faults for verdict in verdicts.values()):
        sys.exit("error: an answer is wrong")


def main():
    if sys.argv[1:2] == ["--reader"]:
        name, place, folder, queries, pause = sys.argv[2:]
        return read(name, place, pathlib.Path(folder), int(queries), float(pause))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exporter")
    parser.add_argument("archive")
    parser.add_argument("--work", type=lambda path: pathlib.Path(path).absolute(), required=True, help="a folder that does not exist")
    parser.add_argument("--first-day", type=datetime.date.fromisoformat, required=True)
    parser.add_argument("--nights", type=int, default=50)
    parser.add_argument("--interval", type=float, default=0.3, help="seconds from one night to the next, at least")
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["deltalake", "duckdb"], help=", ".join(ENGINES))
    parser.add_argument("--queries", type=int, default=10, help="how often a table is asked before it is opened again")
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between queries")
    parser.add_argument("--keep-superseded", metavar="DURATION")
    write_and_read(parser.parse_args())


if __name__ == "__main__":
    main()
