"""Compares Parquet parts with the csv.gz parts of the same rows, cell by cell, in several engines.

The first argument is a folder of pairs NAME.parquet and NAME.csv.gz. Prints the number of pairs; ends with status 1, and a
sentence on each difference, when there is one. Numbers are compared by their bits, times by their microseconds.
"""

import datetime
import gzip
import pathlib
import re
import struct
import sys

import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.parquet

FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^,\n]*))([,\n])')
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def csv_columns(path):
    """The columns of a csv-1 file: NULL as None, text, bits of numbers, microseconds."""
    with gzip.open(path, mode="rt", encoding="utf-8", errors="strict", newline="") as file:
        text = file.read()
    rows, row, position = [], [], 0
    while position < len(text):
        match = FIELD.match(text, position)
        quoted, plain, end = match.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        if end == "\n":
            rows.append(row)
            row = []
        position = match.end()
    names = rows[0]
    columns = {name: [row[index] for row in rows[1:]] for index, name in enumerate(names)}
    for name, values in columns.items():
        if name.endswith("tude"):
            columns[name] = [None if value is None else bits(float(value)) for value in values]
        elif name == "event_at":
            columns[name] = [microseconds(value) for value in values]
    return columns


def bits(value):
    return struct.pack(">d", value)


def microseconds(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - EPOCH) // MICROSECOND


def plain_columns(table):
    """The columns of an Arrow table in the form of `csv_columns`."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pyarrow.types.is_timestamp(column.type):
            assert column.type.unit == "us" and column.type.tz is not None, column.type
            columns[name] = column.cast(pyarrow.int64()).to_pylist()
        elif pyarrow.types.is_floating(column.type):
            columns[name] = [None if value is None else bits(value) for value in column.to_pylist()]
        else:
            columns[name] = column.to_pylist()
    return columns


def with_pyarrow(path):
    return pyarrow.parquet.read_table(path, page_checksum_verification=True)


def with_duckdb(path):
    return duckdb.sql("select * from read_parquet(?)", params=[str(path)]).to_arrow_table()


def with_polars(path):
    return polars.read_parquet(path).to_arrow()


def differences(name, expected, found):
    if list(expected) != list(found):
        yield f"{name}: the columns are {list(found)}"
        return
    for column, values in expected.items():
        if values != found[column]:
            rows = [row for row, pair in enumerate(zip(values, found[column])) if pair[0] != pair[1]]
            where = rows[0] if rows else len(found[column])
            yield f"{name}: {column} differs from row {where} on ({len(values)} and {len(found[column])} rows)"


def as_written(column, value):
    """A value of `csv_columns` as its engine tells it in statistics."""
    if column.endswith("tude"):
        return struct.unpack(">d", value)[0]
    return value


def statistics_faults(name, path, expected):
    """What the metadata says that the rows do not."""
    file = pyarrow.parquet.ParquetFile(path)
    metadata = file.metadata
    first = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for index in range(metadata.num_columns):
            chunk = rows.column(index)
            column = chunk.path_in_schema
            values = expected[column][first : first + rows.num_rows]
            present = [as_written(column, value) for value in values if value is not None]
            place = f"{name}: {column}, row group {group}"
            statistics = chunk.statistics
            if statistics is None or not chunk.is_stats_set:
                yield f"{place}: no statistics"
                continue
            if statistics.null_count != len(values) - len(present):
                yield f"{place}: {statistics.null_count} NULLs"
            if not chunk.has_offset_index or not chunk.has_column_index:
                yield f"{place}: no page index"
            if statistics.has_min_max != bool(present):
                yield f"{place}: has_min_max is {statistics.has_min_max}"
            if present and statistics.has_min_max:
                if column == "event_at":
                    low, high = (value // 1 for value in (statistics.min_raw, statistics.max_raw))
                    exact = True
                elif column.endswith("tude"):
                    low, high, exact = statistics.min, statistics.max, True
                else:
                    low, high = statistics.min.encode(), statistics.max.encode()
                    present = [value.encode() for value in present]
                    exact = len(max(present)) <= 64 and len(min(present)) <= 64
                if low > min(present) or high < max(present):
                    yield f"{place}: the bounds leave values out"
                if exact and (low != min(present) or high != max(present)):
                    yield f"{place}: the bounds are not the values' own"
        first += rows.num_rows
    if first != len(next(iter(expected.values()))):
        yield f"{name}: {first} rows in the metadata"


def filter_faults(name, path, expected):
    """A filter finds the same rows whether or not row groups and pages are skipped."""
    count = len(expected["uuid"])
    if count == 0:
        return
    for column in ["uuid", "event_at", "actor", "actor_location_latitude"]:
        present = [value for value in expected[column] if value is not None]
        if not present:
            continue
        pivot = as_written(column, present[len(present) // 2])
        if column == "event_at":
            scalar = pyarrow.scalar(pivot, pyarrow.timestamp("us", tz="UTC"))
            literal = f"make_timestamptz({pivot}::BIGINT)"
        else:
            scalar = pyarrow.scalar(pivot)
            literal = "?"
        wanted = sum(as_written(column, value) == pivot for value in present)
        field = pyarrow.compute.field(column)
        found = pyarrow.parquet.read_table(path, filters=field == scalar).num_rows
        if found != wanted:
            yield f"{name}: pyarrow finds {found} rows of {wanted} by {column}"
        query = f"select count(*) from read_parquet(?) where {column} = {literal}"
        values = [str(path)] + ([pivot] if literal == "?" else [])
        found = duckdb.sql(query, params=values).fetchall()[0][0]
        if found != wanted:
            yield f"{name}: DuckDB finds {found} rows of {wanted} by {column}"
        if column != "event_at":
            found = polars.scan_parquet(path).filter(polars.col(column) == pivot).collect().height
            if found != wanted:
                yield f"{name}: polars finds {found} rows of {wanted} by {column}"


def main(folder):
    faults = []
    pairs = sorted(pathlib.Path(folder).glob("*.parquet"))
    for path in pairs:
        expected = csv_columns(path.with_suffix(".csv.gz"))
        for engine in (with_pyarrow, with_duckdb, with_polars):
            name = f"{path.stem} in {engine.__name__[5:]}"
            try:
                faults += differences(name, expected, plain_columns(engine(path)))
            except Exception as error:
                faults.append(f"{name}: {error!r}")
        faults += statistics_faults(path.stem, path, expected)
        faults += filter_faults(path.stem, path, expected)
    print(len(pairs))
    print("\n".join(faults[:40]))
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
