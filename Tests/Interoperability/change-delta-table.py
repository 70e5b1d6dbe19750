"""Changes a Delta table as its users might, with deltalake: appends two rows, compacts, deletes a day, and writes a checkpoint.

    change-delta-table.py TABLE DAY

Prints one object of JSON: the version of the table, and for each file its path and the number of its rows.
"""

import json
import sys

import deltalake
import pyarrow


def main(table, day):
    rows = deltalake.DeltaTable(table).to_pyarrow_table()
    deltalake.write_deltalake(table, rows.slice(0, 2), mode="append")
    log = deltalake.DeltaTable(table)
    log.optimize.compact()
    log.delete(f"event_date = '{day}'")
    log.create_checkpoint()
    log = deltalake.DeltaTable(table)
    files = pyarrow.table(log.get_add_actions(flatten=True)).to_pylist()
    files = {file["path"]: file["num_records"] for file in files}
    print(json.dumps({"version": log.version(), "files": files}))


main(*sys.argv[1:])
