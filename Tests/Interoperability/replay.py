"""Loads an archive into SQLite by what the tool's `changes` says, and compares the tables with a full load.

    replay.py TOOL ARCHIVE ORGANIZATION LOADER…

A LOADER is DATABASE:EVERY or DATABASE:EVERY:settled. When the archive's commit is a multiple of EVERY (0: in any case), it
asks the tool what changed since the commit that stands in its database, and replaces those days in one transaction,
reading no file but those that it was told. Then its table has to hold what the live files of the manifest hold: all of
it, or with `settled` the days that are settled. Run after every commit; prints one line a loader that loaded.
"""

import csv
import gzip
import hashlib
import io
import json
import pathlib
import sqlite3
import subprocess
import sys

csv.field_size_limit(sys.maxsize)


def rows_of(archive, files):
    """The cells of a day's files; each file as it was sealed."""
    rows = []
    for file in files:
        data = (archive / file["path"]).read_bytes()
        assert len(data) == file["bytes"], file["path"]
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file["path"]
        text = gzip.decompress(data).decode()
        found = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
        assert len(found) == file["rows"], file["path"]
        rows += found
    return rows


class Loader:
    def __init__(self, text):
        path, every, *settled = text.split(":")
        self.every, self.settled_only = int(every), settled == ["settled"]
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript("""
            PRAGMA synchronous = OFF;
            CREATE TABLE IF NOT EXISTS event (day TEXT, cells TEXT);
            CREATE TABLE IF NOT EXISTS file (day TEXT, path TEXT);
            CREATE TABLE IF NOT EXISTS loaded (number INTEGER);
            """)

    def commit(self):
        found = self.database.execute("SELECT number FROM loaded").fetchone()
        return found[0] if found else 0

    def files(self, day):
        return {path for (path,) in self.database.execute("SELECT path FROM file WHERE day = ?", [day])}

    def load(self, archive, tool, organization):
        since = self.commit()
        arguments = [tool, "changes", "-o", organization, "--archive", str(archive), "--since", str(since)]
        arguments += ["--as", "json"] + (["--settled-only"] if self.settled_only else [])
        answer = subprocess.run(arguments, check=True, capture_output=True)
        assert answer.stderr == b"", answer.stderr
        changes = json.loads(answer.stdout)
        assert changes["since"] == since and changes["settled_only"] == self.settled_only
        self.database.execute("BEGIN")
        for change in changes["days"]:
            self.replace(archive, change)
        self.database.execute("DELETE FROM loaded")
        self.database.execute("INSERT INTO loaded VALUES (?)", [changes["commit"]])
        self.database.execute("COMMIT")
        return changes

    def replace(self, archive, change):
        day, paths = change["event_date"], {file["path"] for file in change["files"]}
        held = self.files(day)
        rows = rows_of(archive, change["files"])
        assert len(rows) == change["rows"]
        assert change["action"] == "empty" if not rows else change["action"] in ("new", "replace")
        count = self.database.execute("SELECT count(*) FROM event WHERE day = ?", [day]).fetchone()[0]
        assert change["action"] != "new" or count == 0, f"{day} is told as new, and {count} rows are there"
        if self.settled_only:
            assert change["state"] == "settled", day
        else:
            assert paths != held, f"{day} is told, and nothing changed"
            assert set(change["files_gone"]) == held - paths, day
        self.database.execute("DELETE FROM event WHERE day = ?", [day])
        self.database.execute("DELETE FROM file WHERE day = ?", [day])
        self.database.executemany(
            "INSERT INTO event VALUES (?, ?)", [(day, json.dumps(row, ensure_ascii=False)) for row in rows])
        self.database.executemany("INSERT INTO file VALUES (?, ?)", [(day, path) for path in paths])

    def compare(self, manifest, full):
        days = {p["event_date"]: p for p in manifest["partitions"]}
        compared = [day for day in days if not self.settled_only or days[day]["state"] == "settled"]
        for day in compared:
            found = self.database.execute("SELECT cells FROM event WHERE day = ? ORDER BY rowid", [day])
            assert [cells for (cells,) in found] == full[day], f"{day} is not what a full load makes of it"
            assert self.files(day) == {file["path"] for file in days[day]["files"]}, day
        loaded = {day for (day,) in self.database.execute("SELECT DISTINCT day FROM event")}
        assert loaded <= set(days), f"days that are not in the archive: {loaded - set(days)}"
        return sum(len(full[day]) for day in compared)


def main():
    tool, archive, organization = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    manifest = json.loads((archive / "_manifest" / organization / "manifest.json").read_text())
    full = {
        p["event_date"]: [json.dumps(row, ensure_ascii=False) for row in rows_of(archive, p["files"])]
        for p in manifest["partitions"]}
    for text in sys.argv[4:]:
        loader = Loader(text)
        if loader.every and manifest["commit"] % loader.every:
            continue
        since = loader.commit()
        changes = loader.load(archive, tool, organization)
        assert changes["commit"] == manifest["commit"]
        rows = loader.compare(manifest, full)
        actions = " ".join(sorted({change["action"] for change in changes["days"]}))
        print(f"{text.rsplit('/', 1)[-1]} {since} to {changes['commit']}: {rows} rows equal {actions}")


main()
