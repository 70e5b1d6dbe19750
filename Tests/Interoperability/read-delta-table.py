"""Prints the rows of a Delta table, as several engines read them.

    read-delta-table.py deltalake,duckdb,polars,chdb,daft TABLE

Prints for each engine one line of JSON: the rows, each an array of its values in the order of the columns' names, sorted by the
column `uuid`. Times are microseconds since 1970, days are texts. The first line holds what deltalake says about the table: its
version, the numbers of its files and of the rows in their statistics, and the transactions of the applications in
TABLE/applications.json, an array of names, if that file exists.
"""

import datetime
import glob
import json
import os
import pathlib
import sys


def read_deltalake(table):
    import deltalake

    return deltalake.DeltaTable(table).to_pyarrow_table()


def read_polars(table):
    import polars

    return polars.scan_delta(table).collect().to_arrow()


def read_duckdb(table):
    import duckdb

    connection = duckdb.connect()
    for name in ("parquet", "json", "delta"):
        package = __import__(f"duckdb_extension_{name}")
        [file] = glob.glob(f"{pathlib.Path(package.__file__).parent}/extensions/*/{name}.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute("SELECT * FROM delta_scan(?)", [table]).to_arrow_table()


def read_chdb(table):
    import chdb
    import pyarrow

    # It reads only below its working directory.
    os.chdir(table)
    query = f"SELECT * FROM deltaLakeLocal('{table}') SETTINGS output_format_arrow_string_as_string = 1"
    query += ", output_format_arrow_date_as_uint16 = 0"
    return pyarrow.ipc.open_file(chdb.query(query, "Arrow").bytes()).read_all()


def read_daft(table):
    import daft

    return daft.read_deltalake(table).to_arrow()


def plain(value):
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (value - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return str(value)
    return value


def describe(table):
    import deltalake
    import pyarrow

    log = deltalake.DeltaTable(table)
    names = pathlib.Path(table) / "applications.json"
    names = json.loads(names.read_text()) if names.exists() else []
    counts = [add["num_records"] for add in pyarrow.table(log.get_add_actions(flatten=True)).to_pylist()]
    return {
        "version": log.version(),
        "files": len(counts),
        "rows": sum(counts),
        "transactions": {name: log.transaction_version(name) for name in names},
    }


def main(engines, table):
    print(json.dumps(describe(table), separators=(",", ":")))
    for engine in filter(None, engines.split(",")):
        rows = globals()[f"read_{engine}"](table).to_pylist()
        rows = [[plain(row[name]) for name in sorted(row)] for row in sorted(rows, key=lambda row: row["uuid"])]
        print(json.dumps(rows, separators=(",", ":"), ensure_ascii=False))


main(*sys.argv[1:])
