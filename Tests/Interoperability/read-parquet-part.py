"""Compares Parquet parts with the csv.gz parts of the same rows, cell by cell, in several engines.

    read-parquet-part.py pyarrow,duckdb,polars FOLDER…

Each folder holds pairs NAME.parquet and NAME.csv.gz, which an engine reads at one go. Prints the number of pairs; ends with
status 1, and a sentence on each difference, when there is one. Numbers are compared by their bits, times by their
microseconds. What is expected is what pyarrow's reader of CSV finds, with the options that the dialect csv-1 asks for.
"""

import pathlib
import sys

import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

TIME = pyarrow.timestamp("us", tz="UTC")
# So many bounds and filters of a folder are looked at.
PIVOTS = 2
# Bounds of longer text are cut.
LONGEST_BOUND = 64


class Folder:
    """The pairs of a folder: what each CSV part holds, and all of them one after the other."""

    def __init__(self, path):
        self.parts = sorted(path.glob("*.parquet"))
        self.tables = [read_csv(part.with_suffix(".csv.gz")) for part in self.parts]
        self.table = plain(pyarrow.concat_tables(self.tables))

    def place(self, row):
        """The part of a row, and its number there."""
        for part, table in zip(self.parts, self.tables):
            if row < table.num_rows:
                return f"{part.stem}, row {row}"
            row -= table.num_rows
        return "behind the last row"


def read_csv(path):
    with pyarrow.input_stream(str(path)) as stream:
        header = stream.read(10_000).split(b"\n")[0].decode()
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=1 << 26, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: kind(name) for name in header.split(",")},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )


def kind(name):
    if name == "event_at":
        return TIME
    return pyarrow.float64() if name.endswith("tude") else pyarrow.large_string()


def plain(table):
    """The columns of a table in one form: text, microseconds, bits of numbers."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pyarrow.types.is_timestamp(column.type):
            assert column.type.unit == "us" and column.type.tz is not None, column.type
            column = column.cast(pyarrow.int64())
        elif pyarrow.types.is_floating(column.type):
            column = column.cast(pyarrow.float64()).combine_chunks()
            if isinstance(column, pyarrow.ChunkedArray):
                column = pyarrow.concat_arrays(column.chunks)
            column = pyarrow.chunked_array([column.view(pyarrow.int64())])
        else:
            column = column.cast(pyarrow.large_string())
        columns[name] = column
    return pyarrow.table(columns)


class Arrow:
    name = "pyarrow"

    def rows(self, folder):
        return pyarrow.concat_tables(
            pyarrow.parquet.read_table(part, page_checksum_verification=True) for part in folder.parts
        )

    def count(self, folder, column, value):
        field = pyarrow.compute.field(column)
        paths = [str(part) for part in folder.parts]
        return pyarrow.parquet.read_table(paths, filters=field == value, columns=[column]).num_rows


class DuckDB:
    name = "DuckDB"

    def __init__(self):
        import duckdb

        self.connection = duckdb.connect()
        self.connection.sql("set TimeZone = 'UTC'")

    def rows(self, folder):
        query = "select * exclude (file_row_number, filename) from read_parquet(?, filename = true, file_row_number = true)"
        query += " order by filename, file_row_number"
        return self.connection.sql(query, params=[[str(part) for part in folder.parts]]).to_arrow_table()

    def count(self, folder, column, value):
        literal = f"make_timestamptz({value.value}::BIGINT)" if column == "event_at" else "?"
        values = [] if column == "event_at" else [value.as_py()]
        query = f"select count(*) from read_parquet(?) where {column} = {literal}"
        return self.connection.execute(query, [[str(part) for part in folder.parts]] + values).fetchall()[0][0]


class Polars:
    name = "polars"

    def __init__(self):
        import polars

        self.polars = polars

    def rows(self, folder):
        return self.polars.read_parquet(folder.parts).to_arrow()

    def count(self, folder, column, value):
        literal = self.polars.from_arrow(pyarrow.array([value])).item()
        frame = self.polars.scan_parquet(folder.parts)
        return frame.filter(self.polars.col(column) == self.polars.lit(literal)).select(column).collect().height


class ClickHouse:
    name = "chdb"

    def __init__(self):
        import chdb

        self.chdb = chdb

    def rows(self, folder):
        query = f"select * from file('{folder.parts[0].parent}/*.parquet', 'Parquet') order by _file, _row_number"
        query += " settings output_format_arrow_string_as_string = 1, session_timezone = 'UTC'"
        return pyarrow.ipc.open_file(self.chdb.query(query, "Arrow").bytes()).read_all()

    def count(self, folder, column, value):
        literal = f"fromUnixTimestamp64Micro({value.value}, 'UTC')" if column == "event_at" else repr_sql(value.as_py())
        query = f"select count() from file('{folder.parts[0].parent}/*.parquet', 'Parquet') where {column} = {literal}"
        return int(self.chdb.query(query, "TSV").bytes())


class Spark:
    name = "Spark"

    def __init__(self):
        from pyspark.sql import SparkSession, functions

        self.functions = functions
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": "3g",
            "spark.driver.maxResultSize": "2g",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
        }
        builder = SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")

    def rows(self, folder):
        frame = self.session.read.parquet(str(folder.parts[0].parent) + "/*.parquet")
        names = frame.columns
        frame = frame.selectExpr("*", "_metadata.file_name f", "_metadata.row_index r").orderBy("f", "r")
        return frame.select(*names).toArrow()

    def count(self, folder, column, value):
        frame = self.session.read.parquet(str(folder.parts[0].parent) + "/*.parquet")
        if column == "event_at":
            literal = self.functions.timestamp_micros(self.functions.lit(value.value))
        else:
            literal = self.functions.lit(value.as_py())
        return frame.filter(self.functions.col(column) == literal).count()


def repr_sql(value):
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{value!r}::Float64"


def row_faults(engine, folder):
    found = plain(engine.rows(folder))
    if found.column_names != folder.table.column_names:
        yield f"{engine.name}: the columns are {found.column_names}"
        return
    if found.num_rows != folder.table.num_rows:
        yield f"{engine.name}: {found.num_rows} rows and not {folder.table.num_rows}"
        return
    for name in found.column_names:
        one, other = folder.table.column(name), found.column(name)
        if not one.equals(other):
            pairs = zip(one.to_pylist(), other.to_pylist())
            row = next(row for row, pair in enumerate(pairs) if pair[0] != pair[1])
            yield f"{engine.name}: {name} differs from {folder.place(row)} on"


def statistics_faults(part, table):
    """What the metadata says that the rows do not."""
    metadata = pyarrow.parquet.read_metadata(part)
    first = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for index in range(metadata.num_columns):
            chunk = rows.column(index)
            column = chunk.path_in_schema
            values = table.column(column).slice(first, rows.num_rows)
            place = f"{part.stem}: {column}, row group {group}"
            statistics = chunk.statistics
            if statistics is None or not chunk.is_stats_set:
                yield f"{place}: no statistics"
                continue
            if statistics.null_count != values.null_count:
                yield f"{place}: {statistics.null_count} NULLs"
            if not chunk.has_offset_index or not chunk.has_column_index:
                yield f"{place}: no page index"
            if statistics.has_min_max != (values.null_count < len(values)):
                yield f"{place}: has_min_max is {statistics.has_min_max}"
            elif statistics.has_min_max:
                yield from bounds_faults(place, column, statistics, values)
        first += rows.num_rows
    if first != table.num_rows:
        yield f"{part.stem}: {first} rows in the metadata"


def bounds_faults(place, column, statistics, values):
    if column == "event_at":
        values = values.cast(pyarrow.int64())
    bounds = pyarrow.compute.min_max(values)
    least, most = bounds["min"].as_py(), bounds["max"].as_py()
    low, high = statistics.min_raw, statistics.max_raw
    exact = True
    if column != "event_at" and not column.endswith("tude"):
        least, most, low, high = least.encode(), most.encode(), statistics.min.encode(), statistics.max.encode()
        exact = max(len(least), len(most)) <= LONGEST_BOUND
    if low > least or high < most:
        yield f"{place}: the bounds leave values out"
    if exact and (low != least or high != most):
        yield f"{place}: the bounds are not the values' own"


def filter_faults(engine, folder):
    """A filter finds the same rows whether or not row groups and pages are skipped."""
    table = pyarrow.concat_tables(folder.tables)
    for column in ["uuid", "event_at", "actor", "actor_location_latitude"]:
        present = table.column(column).drop_null()
        for index in range(min(PIVOTS, len(present))):
            value = present[index * len(present) // PIVOTS]
            # Spark looks a zero up by its bits in a dictionary, and so passes over the other zero, whoever wrote the file.
            if value.as_py() == 0:
                continue
            wanted = pyarrow.compute.sum(pyarrow.compute.equal(present, value)).as_py()
            found = engine.count(folder, column, value)
            if found != wanted:
                yield f"{engine.name}: {found} rows of {wanted} by {column} = {value}"


def main(engines, folders):
    known = {"pyarrow": Arrow, "duckdb": DuckDB, "polars": Polars, "chdb": ClickHouse, "spark": Spark}
    engines = [known[name]() for name in engines.split(",")]
    pairs, faults = 0, []
    for folder in folders:
        folder = Folder(pathlib.Path(folder))
        pairs += len(folder.parts)
        for engine in engines:
            for check in (row_faults, filter_faults):
                try:
                    faults += check(engine, folder)
                except Exception as error:
                    faults.append(f"{engine.name}, {folder.parts[0]}…: {error!r}")
        for part, table in zip(folder.parts, folder.tables):
            faults += statistics_faults(part, table)
    print(pairs)
    print("\n".join(faults[:40]))
    return 1 if faults else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
