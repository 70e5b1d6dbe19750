"""Asks engines by their own counters how much of a Parquet part they read for a query.

    prune-parquet-part.py pyarrow,duckdb,polars,chdb PART FROM TO UUID

Prints a JSON object: what each engine says of a query for the rows from FROM until before TO (microseconds since 1970), of one for
the row of UUID, and of one for a uuid that is missing. An answer has the rows found, and the row groups read of so many; where
the engine counts them, the pages it passed over inside of those, too.
"""

import json
import os
import subprocess
import sys

# Inside the bounds of whatever identifiers there are.
ABSENT = "80000000-0000-4000-8000-000000000000"


def with_pyarrow(path, query):
    import pyarrow
    import pyarrow.compute
    import pyarrow.dataset

    field = pyarrow.compute.field
    if len(query) == 2:
        first, last = (pyarrow.scalar(time, pyarrow.timestamp("us", tz="UTC")) for time in query)
        wanted = (field("event_at") >= first) & (field("event_at") < last)
    else:
        wanted = field("uuid") == query[0]
    data = pyarrow.dataset.dataset(path)
    fragment = next(data.get_fragments())
    return {
        "rows": data.count_rows(filter=wanted),
        "groups": len(fragment.subset(wanted).row_groups),
        "of": fragment.num_row_groups,
    }


def duckdb_counts():
    """Whether it counts the row groups that it reads: since version 2."""
    import duckdb

    return int(duckdb.__version__.split(".")[0]) >= 2


def with_duckdb(path, query):
    import duckdb

    connection = duckdb.connect()
    connection.sql("pragma enable_profiling = 'no_output'")
    if len(query) == 2:
        wanted = "event_at >= make_timestamptz({}::BIGINT) and event_at < make_timestamptz({}::BIGINT)".format(*query)
    else:
        wanted = f"uuid = '{query[0]}'"
    rows = connection.sql(f"select uuid, object from '{path}' where {wanted}").fetchall()
    counters = json.loads(connection.get_profiling_information(format="json"))["query"]
    return {
        "rows": len(rows),
        "groups": counters["total_row_groups_scanned"],
        "of": counters["total_row_groups_to_scan"],
    }


POLARS = """
import polars, sys
path, *query = sys.argv[1:]
if len(query) == 2:
    first, last = (polars.lit(int(time)).cast(polars.Datetime("us", "UTC")) for time in query)
    wanted = (polars.col("event_at") >= first) & (polars.col("event_at") < last)
else:
    wanted = polars.col("uuid") == query[0]
print(polars.scan_parquet(path).filter(wanted).select("uuid", "object").collect().height)
"""


def with_polars(path, query):
    # It tells its counters in its log alone.
    done = subprocess.run(
        [sys.executable, "-c", POLARS, path] + [str(part) for part in query],
        env=dict(os.environ, POLARS_VERBOSE="1"),
        capture_output=True,
        text=True,
        check=True,
    )
    words = next(line for line in done.stderr.splitlines() if "Predicate pushdown: reading" in line).split()
    place = words.index("reading")
    return {"rows": int(done.stdout), "groups": int(words[place + 1]), "of": int(words[place + 3])}


def with_chdb(path, query):
    from chdb import session

    connection = session.Session()

    def counters():
        text = connection.query("select event, value from system.events where event like 'Parquet%'", "TSV").bytes()
        return {line.split("\t")[0]: int(line.split("\t")[1]) for line in text.decode().splitlines()}

    if len(query) == 2:
        wanted = "event_at >= fromUnixTimestamp64Micro({}, 'UTC') and event_at < fromUnixTimestamp64Micro({}, 'UTC')"
        wanted = wanted.format(*query)
    else:
        wanted = f"uuid = '{query[0]}'"
    before = counters()
    found = connection.query(f"select uuid, object from file('{path}', 'Parquet') where {wanted}", "TSV").bytes()
    after = counters()
    count = {name: value - before.get(name, 0) for name, value in after.items()}
    read, pruned = count.get("ParquetReadRowGroups", 0), count.get("ParquetPrunedRowGroups", 0)
    return {
        "rows": len(found.splitlines()),
        "groups": read,
        "of": read + pruned,
        "pages_passed_over": count.get("ParquetPrunedPages", 0),
    }


engines, path, first, last, uuid = sys.argv[1:]
queries = {"times": [int(first), int(last)], "present": [uuid], "absent": [ABSENT]}
known = {"pyarrow": with_pyarrow, "duckdb": with_duckdb, "polars": with_polars, "chdb": with_chdb}
answers = {
    engine: {name: known[engine](path, query) for name, query in queries.items()}
    for engine in engines.split(",")
    if engine in known and not (engine == "duckdb" and not duckdb_counts())
}
print(json.dumps(answers))
