"""Compares a Delta table with the rows that it should have, in several engines.

    read-delta-checkpoint.py FOLDER <EXPECTED.json

Prints the engines; ends with status 1, and a sentence on each difference, when there is one.
"""

import glob
import json
import os
import pathlib
import sys

import pyarrow

COLUMNS = ["uuid", "note", "organization", "event_date"]


def deltalake_rows(path):
    import deltalake

    query = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(path)).execute("select * from t")
    return pyarrow.table(query.read_all())


def polars_rows(path):
    import polars

    return polars.scan_delta(path).collect().to_arrow()


def duckdb_rows(path):
    import duckdb
    import duckdb_extension_delta

    folder = pathlib.Path(duckdb_extension_delta.__file__).parent
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.load_extension(glob.glob(f"{folder}/extensions/*/delta.duckdb_extension")[0])
    return connection.sql("select * from delta_scan(?)", params=[path]).to_arrow_table()


def chdb_rows(path):
    import chdb

    # It reads only below its working directory.
    os.chdir(path)
    query = f"select * from deltaLakeLocal('{path}') settings output_format_arrow_string_as_string = 1"
    query += ", output_format_arrow_date_as_uint16 = 0"
    return pyarrow.ipc.open_file(chdb.query(query, "Arrow").bytes()).read_all()


def daft_rows(path):
    import daft

    return daft.read_deltalake(path).to_arrow()


def text(value):
    return None if value is None else str(value)


def faults(name, table, expected):
    table = table.select(COLUMNS)
    found = sorted([[text(value) for value in row.values()] for row in table.to_pylist()], key=repr)
    wanted = sorted(expected["rows"], key=repr)
    if len(found) != len(wanted):
        yield f"{name}: {len(found)} rows and not {len(wanted)}"
    for one, other in zip(wanted, found):
        if one != other:
            yield f"{name}: {other} and not {one}"
            return


def log_faults(path, expected):
    import deltalake

    table = deltalake.DeltaTable(path)
    found = {
        "version": table.version(),
        "transactions": {app: table.transaction_version(app) for app in expected["transactions"]},
        "name": table.metadata().name,
        "partition_columns": table.metadata().partition_columns,
    }
    for key, value in found.items():
        if value != expected[key]:
            yield f"deltalake: {key} is {value} and not {expected[key]}"


def main(path):
    expected = json.load(sys.stdin)
    engines = {
        "deltalake": deltalake_rows,
        "polars": polars_rows,
        "duckdb": duckdb_rows,
        "chdb": chdb_rows,
        "daft": daft_rows,
    }
    found = []
    for name, rows in engines.items():
        try:
            found += faults(name, rows(path), expected)
        except Exception as error:
            found.append(f"{name}: {error!r:.500}")
    found += log_faults(path, expected)
    print(" ".join(engines))
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main(sys.argv[1]))
