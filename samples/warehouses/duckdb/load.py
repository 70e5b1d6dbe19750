#!/usr/bin/env python3
"""Loads an archive into a DuckDB file. It asks which days changed since the last loaded commit, and replaces those days and
the number of the commit in one transaction. The first run loads everything. Run it after every export:

    pip install duckdb
    python3 load.py audit.duckdb my-org /srv/audit            loads what changed, if anything
    python3 load.py audit.duckdb my-org /srv/audit --full     replaces everything
    python3 load.py audit.duckdb my-org s3://my-bucket/audit  loads from a bucket: the files are downloaded first

Needs schema.sql in the same folder, and an archive with the format csv. A failure leaves the database unchanged.

You do not need this loader if the archive has the format delta: DuckDB queries it where it is, in a folder or in a bucket.

    INSTALL delta; LOAD delta; SELECT count(*) FROM delta_scan('/srv/audit/parquet');

The page Query it (QueryIt.md) has the rest. Use this loader for a database file that works without the archive and its network,
for fast repeated queries, or for an archive that has only CSV.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb

# The columns of a file: those of the table, without the partition keys.
COLUMNS = """
    SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'cloudsmith_audit_log'
    AND column_name NOT IN ('organization', 'event_date') ORDER BY column_index"""

READ = """
    INSERT INTO cloudsmith_audit_log SELECT *, $organization, $day FROM read_csv(
      $files, columns = $columns, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
      nullstr = '', allow_quoted_nulls = false, compression = 'gzip',
      hive_partitioning = false, max_line_size = 67108864,
      buffer_size = 134217728)"""


def main(database, organization, archive, *mode):
    with beside(pathlib.Path(archive).resolve()) as work:
        return load(database, organization, archive, pathlib.Path(work) / "files", mode)


def beside(archive):
    """A folder on the archive's volume, so that nothing is copied, or elsewhere if this user cannot write there."""
    try:
        return tempfile.TemporaryDirectory(prefix=f"{archive.name}.load-", dir=archive.parent)
    except OSError:
        return tempfile.TemporaryDirectory()


def load(database, organization, archive, files, mode):
    warehouse = duckdb.connect(database)
    warehouse.execute("SET TimeZone = 'UTC'")
    warehouse.execute(pathlib.Path(__file__).with_name("schema.sql").read_text())
    held = warehouse.execute(
        "SELECT commit_number FROM cloudsmith_audit_loaded WHERE organization = ?", [organization]).fetchone()
    since = held[0] if held and "--full" not in mode else 0
    changes = json.loads(subprocess.run(
        ["cloudsmith-audit-export", "changes", "-o", organization, "--archive", archive, "--since", str(since),
         "--format", "csv", "--link-to", files, "--as", "json"], check=True, stdout=subprocess.PIPE).stdout)
    if changes["commit"] == since:
        return f"commit {since}: nothing to load"

    columns = dict(warehouse.execute(COLUMNS).fetchall())
    warehouse.execute("BEGIN")
    if "--full" in mode:
        warehouse.execute("DELETE FROM cloudsmith_audit_log WHERE organization = ?", [organization])
    for change in changes["days"]:
        replace(warehouse, files, organization, columns, change)
    warehouse.execute(
        "INSERT OR REPLACE INTO cloudsmith_audit_loaded VALUES (?, ?, now())", [organization, changes["commit"]])
    warehouse.execute("COMMIT")
    return f"commit {changes['commit']}: {len(changes['days'])} days, {sum(d['rows'] for d in changes['days'])} rows"


def replace(warehouse, folder, organization, columns, change):
    day, files = change["event_date"], [folder / file["path"] for file in change["files"]]
    for path, file in zip(files, change["files"]):
        if hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
            sys.exit(f"error: {path} does not have the recorded SHA-256; nothing was loaded. Run cloudsmith-audit-export verify.")
    warehouse.execute(
        "DELETE FROM cloudsmith_audit_log WHERE organization = ? AND event_date = ?", [organization, day])
    if not files:
        return
    loaded = warehouse.execute(READ, {
        "organization": organization, "day": day, "columns": columns, "files": [str(path) for path in files]})
    if loaded.fetchone()[0] != change["rows"]:
        sys.exit(f"error: {day}: the number of rows read is not {change['rows']}; nothing was loaded.")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[4:] not in ([], ["--full"]):
        sys.exit(__doc__)
    print(main(*sys.argv[1:]))
