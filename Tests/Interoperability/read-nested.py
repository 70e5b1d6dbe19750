"""Compares Parquet files of groups, lists and maps with the rows that were written, cell by cell, in several engines.

    read-nested.py pyarrow,duckdb,polars,daft,chdb FOLDER

The folder holds pairs NAME.parquet and NAME.json; the latter has the types of the columns and the rows (NestedFile.swift). If it
names a column to search, engines also find some rows by its value, and so skip pages. The statistics of every leaf are compared
with its values.
Prints the number of files; ends with status 1, and a sentence on each difference, when there is one. Doubles are compared by
their bits.

ClickHouse has no NULL for lists, maps and groups with these in them: it reads an empty one, or a group of NULLs. Its rows are
compared after the same is done to the expected ones. fastparquet reads neither lists of lists nor groups in lists or maps, so it
is not among the engines.
"""

import datetime
import json
import pathlib
import struct
import sys

import pyarrow
import pyarrow.parquet

# So many rows are searched.
SEARCHES = 4
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Bounds of longer values are cut.
LONGEST_BOUND = 64


def plain(value, kind):
    """A value as the JSON file has it: maps as lists of pairs, doubles as bits, timestamps as microseconds, binary values in hexadecimal."""
    if value is None:
        return None
    if kind == "double":
        return struct.unpack("<q", struct.pack("<d", value))[0]
    if kind == "timestamp":
        return (value.replace(tzinfo=value.tzinfo or datetime.UTC) - EPOCH) // datetime.timedelta(microseconds=1)
    if kind == "binary":
        return bytes(value).hex()
    if kind == "text" and isinstance(value, bytes):
        return value.decode()
    if isinstance(kind, str):
        return value
    if "group" in kind:
        return [plain(value[name], inner) for name, inner in kind["group"]]
    if "list" in kind:
        return [plain(element, kind["list"]) for element in value]
    # polars has a dictionary, the others have pairs.
    pairs = value.items() if isinstance(value, dict) else value
    return [[plain(key, kind["map"][0]), plain(value, kind["map"][1])] for key, value in pairs]


def without_null(value, kind):
    """A value as ClickHouse has it."""
    if isinstance(kind, str):
        return value
    if "group" in kind:
        inner = value if value is not None else [None] * len(kind["group"])
        return [without_null(cell, inner) for cell, (_, inner) in zip(inner, kind["group"])]
    if value is None:
        return []
    if "list" in kind:
        return [without_null(element, kind["list"]) for element in value]
    return [[key, without_null(value, kind["map"][1])] for key, value in value]


class Arrow:
    def rows(self, path, search=None):
        filters = search and [(search[0], "=", search[1])]
        table = pyarrow.parquet.read_table(path, page_checksum_verification=True, filters=filters)
        return table.to_pylist(maps_as_pydicts=None)


class DuckDB:
    def __init__(self):
        import duckdb

        self.connection = duckdb.connect()

    def rows(self, path, search=None):
        where = f"where {search[0]} = {search[1]}" if search else ""
        query = f"from read_parquet(?, file_row_number = true) {where} order by file_row_number"
        query = f"select * exclude file_row_number {query}"
        return self.connection.sql(query, params=[str(path)]).to_arrow_table().to_pylist()


class Polars:
    def rows(self, path, search=None):
        import polars

        frame = polars.scan_parquet(path)
        return (frame.filter(polars.col(search[0]) == search[1]) if search else frame).collect().to_dicts()


class Daft:
    def rows(self, path, search=None):
        import daft

        frame = daft.read_parquet(str(path))
        return (frame.where(daft.col(search[0]) == search[1]) if search else frame).to_arrow().to_pylist()


class ClickHouse:
    def rows(self, path, search=None):
        import chdb

        where = f"where {search[0]} = {search[1]}" if search else ""
        query = f"select * from file('{path}', 'Parquet') {where} order by _row_number"
        query += " settings output_format_arrow_string_as_string = 0"
        return pyarrow.ipc.open_file(chdb.query(query, "Arrow").bytes()).read_all().to_pylist()


def row_faults(name, engine, path, expected):
    columns, rows = expected["columns"], expected["rows"]
    searches = [(None, rows)]
    if "search" in expected:
        place = [column for column, _ in columns].index(expected["search"])
        for row in rows[:: len(rows) // SEARCHES]:
            searches.append(((expected["search"], row[place]), [row]))
    for search, wanted in searches:
        found = engine.rows(path, search)
        where = path.stem + (f" where {search[0]} = {search[1]}" if search else "")
        if len(found) != len(wanted):
            yield f"{name}: {where}: {len(found)} rows and not {len(wanted)}"
        for number, (one, other) in enumerate(zip(wanted, found)):
            for cell, (column, kind) in zip(one, columns):
                value = plain(other[column], kind)
                cell = without_null(cell, kind) if name == "chdb" else cell
                if value != cell:
                    yield f"{name}: {where}: row {number}, {column} is {value!r:.300} and not {cell!r:.300}"
                    return


def leaves(path, kind):
    """The paths of the leaves of a type, in the order of the file."""
    if isinstance(kind, str):
        yield ".".join(path), kind
    elif "group" in kind:
        for name, inner in kind["group"]:
            yield from leaves(path + [name], inner)
    elif "list" in kind:
        yield from leaves(path + ["list", "element"], kind["list"])
    else:
        yield from leaves(path + ["key_value", "key"], kind["map"][0])
        yield from leaves(path + ["key_value", "value"], kind["map"][1])


def collect(value, path, kind, values):
    """Append the values of each leaf that are not NULL; and None for NULL, or an empty list or map, or NULL above."""
    if value is None or (value == [] and not isinstance(kind, str)):
        for leaf, _ in leaves(path, kind):
            values[leaf].append(None)
    elif isinstance(kind, str):
        values[".".join(path)].append(value)
    elif "group" in kind:
        for cell, (name, inner) in zip(value, kind["group"]):
            collect(cell, path + [name], inner, values)
    elif "list" in kind:
        for element in value:
            collect(element, path + ["list", "element"], kind["list"], values)
    else:
        for key, inner in value:
            collect(key, path + ["key_value", "key"], kind["map"][0], values)
            collect(inner, path + ["key_value", "value"], kind["map"][1], values)


def comparable(value, kind):
    """A value or bound as the format orders it."""
    if kind == "double":
        return struct.unpack("<d", struct.pack("<q", value))[0] if isinstance(value, int) else value
    if kind == "timestamp":
        return value if isinstance(value, int) else plain(value, kind)
    if kind == "text":
        return value.encode() if isinstance(value, str) else value
    return bytes.fromhex(value) if kind == "binary" and isinstance(value, str) else value


def statistics_faults(path, expected):
    metadata = pyarrow.parquet.read_metadata(path)
    first = 0
    for group in range(metadata.num_row_groups):
        group = metadata.row_group(group)
        kinds = {leaf: kind for name, outer in expected["columns"] for leaf, kind in leaves([name], outer)}
        values = {leaf: [] for leaf in kinds}
        for row in expected["rows"][first : first + group.num_rows]:
            for cell, (name, kind) in zip(row, expected["columns"]):
                collect(cell, [name], kind, values)
        first += group.num_rows
        for index, leaf in enumerate(kinds):
            chunk = group.column(index)
            found = chunk.statistics
            present = [comparable(value, kinds[leaf]) for value in values[leaf] if value is not None]
            place = f"{path.stem}: {leaf} before row {first}"
            if chunk.path_in_schema != leaf or chunk.num_values != len(values[leaf]):
                yield f"{place}: {chunk.path_in_schema} of {chunk.num_values} values and not {len(values[leaf])}"
            elif found is None or not chunk.has_offset_index or not chunk.has_column_index:
                yield f"{place}: no statistics or indexes"
            elif found.null_count != len(values[leaf]) - len(present) or found.has_min_max != bool(present):
                yield f"{place}: {found.null_count} NULLs, bounds: {found.has_min_max}"
            elif present:
                low, high = comparable(found.min, kinds[leaf]), comparable(found.max, kinds[leaf])
                least, most = min(present), max(present)
                isLong = kinds[leaf] in ("text", "binary") and max(len(least), len(most)) > LONGEST_BOUND
                if low > least or high < most or not isLong and (low, high) != (least, most):
                    yield f"{place}: bounds {low!r}, {high!r} of {least!r}, {most!r}"
    if first != len(expected["rows"]):
        yield f"{path.stem}: {first} rows in the metadata"


def main(engines, folder):
    known = {"pyarrow": Arrow, "duckdb": DuckDB, "polars": Polars, "daft": Daft, "chdb": ClickHouse}
    engines = {name: known[name]() for name in engines.split(",")}
    files = sorted(pathlib.Path(folder).glob("*.parquet"))
    found = []
    for path in files:
        expected = json.loads(path.with_suffix(".json").read_text())
        found += statistics_faults(path, expected)
        for name, engine in engines.items():
            try:
                found += row_faults(name, engine, path, expected)
            except Exception as error:
                found.append(f"{name}: {path.stem}: {error!r:.300}")
    print(len(files))
    print("\n".join(found[:40]))
    return 1 if found else 0


sys.exit(main(sys.argv[1], sys.argv[2]))
