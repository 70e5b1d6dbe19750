"""Reads an archive as a Delta Lake table with one engine, and prints it in one form, so that engines can be compared byte by byte.

    read_table.py ENGINE TABLE                          every row
    read_table.py ENGINE TABLE --count-day 2024-02-12   the number of rows of a day
    read_table.py ENGINE TABLE --sql FILE               the answer to a query of samples/queries
    read_table.py csv ARCHIVE                           every row of the CSV parts that the manifests name
    read_table.py fsck TABLE                            the files that the table names and that do not exist, by delta-rs
    read_table.py vacuum TABLE                          the files that no version has removed and that VACUUM would delete, by delta-rs
    read_table.py history TABLE                         one JSON object per version, newest first, by delta-rs

ENGINE is deltalake (delta-rs, with DataFusion for SQL), duckdb, polars, chdb (ClickHouse), daft or pysail. TABLE is the folder
`parquet/` of an archive, or s3://bucket/prefix/parquet. The settings of a bucket come from AWS_ENDPOINT_URL_S3,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION. Plain http is allowed on loopback only.

The form: a line with the names of the columns, then a line for each row, each of them a JSON array in ASCII. NULL is null and
differs from "". A time is the number of its microseconds since 1970, UTC. A number is the shortest decimal that reads back. A
day is its text. Rows are sorted by organization and uuid; the rows of a query stay in its order.
"""

import argparse
import datetime
import gzip
import json
import os
import pathlib
import sys
import sysconfig
import urllib.parse

import flatten

NAME = "cloudsmith_audit_log"
KEYS = ["organization", "event_date"]
COLUMNS = flatten.COLUMNS + KEYS


# The bucket ----------------------------------------------------------------------------------------------------------

class Bucket:
    """The settings of the store, from the variables of AWS."""

    def __init__(self, environment=os.environ):
        self.endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
        self.key = environment.get("AWS_ACCESS_KEY_ID", "")
        self.secret = environment.get("AWS_SECRET_ACCESS_KEY", "")
        self.token = environment.get("AWS_SESSION_TOKEN")
        self.region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        url = urllib.parse.urlsplit(self.endpoint or "https://s3.amazonaws.com")
        self.is_plain = url.scheme == "http"
        self.host = url.netloc
        if self.is_plain and url.hostname not in ("127.0.0.1", "::1", "localhost"):
            sys.exit(f"error: {self.endpoint} is plain http on another machine.")

    def options(self):
        """The names that delta-rs and polars use."""
        options = {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token, "AWS_REGION": self.region,
            "AWS_ALLOW_HTTP": "true" if self.is_plain else None}
        return {name: value for name, value in options.items() if value}

    def client(self):
        import botocore.config
        import botocore.session

        return botocore.session.get_session().create_client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id=self.key, aws_secret_access_key=self.secret,
            aws_session_token=self.token, region_name=self.region,
            config=botocore.config.Config(s3={"addressing_style": "path"}))


def is_bucket(place):
    return place.startswith("s3://")


# Engines -------------------------------------------------------------------------------------------------------------

class Engine:
    """A table that is open in an engine."""

    def rows(self):
        """All rows, read as any query is read."""
        return self.sql(f"SELECT * FROM {NAME}")

    def reopen(self, place):
        """Opens the same table again, at its newest version, also after a query that failed."""
        self.close()
        self.__init__(place)

    def close(self):
        pass


class DeltaRS(Engine):
    """delta-rs, and DataFusion for SQL."""

    def __init__(self, place):
        import deltalake

        self.table = deltalake.DeltaTable(place, storage_options=Bucket().options() if is_bucket(place) else None)

    def rows(self):
        return self.table.to_pyarrow_table()

    def sql(self, text):
        import deltalake
        import pyarrow

        batches = deltalake.QueryBuilder().register(NAME, self.table).execute(text).read_all()
        return pyarrow.table(batches)


class DuckDB(Engine):
    """DuckDB with its extension delta, which uses delta-kernel-rs."""

    def __init__(self, place):
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        load_extension(self.connection, "delta")
        if is_bucket(place):
            load_extension(self.connection, "httpfs")
            self.secret(Bucket())
        self.connection.execute(f"CREATE VIEW {NAME} AS SELECT * FROM delta_scan({quoted(place)})")

    def secret(self, bucket):
        options = {"KEY_ID": bucket.key, "SECRET": bucket.secret, "SESSION_TOKEN": bucket.token, "REGION": bucket.region}
        if bucket.endpoint:
            options |= {"ENDPOINT": bucket.host, "URL_STYLE": "path"}
        text = ", ".join(f"{name} {quoted(value)}" for name, value in options.items() if value)
        self.connection.execute(f"CREATE SECRET (TYPE s3, {text}, USE_SSL {'false' if bucket.is_plain else 'true'})")

    def sql(self, text):
        return self.connection.sql(text).to_arrow_table()


def load_extension(connection, name):
    """Loads an extension of DuckDB from the Python package duckdb_extension_NAME, not from the network."""
    folder = pathlib.Path(sysconfig.get_paths()["purelib"]) / f"duckdb_extension_{name}/extensions"
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute(f"LOAD {quoted(str(next(folder.glob(f'*/{name}.duckdb_extension'))))}")


class Polars(Engine):
    def __init__(self, place):
        import polars

        options = Bucket().options() if is_bucket(place) else None
        self.context = polars.SQLContext({NAME: polars.scan_delta(place, storage_options=options)})

    def sql(self, text):
        return self.context.execute(text, eager=True).to_arrow()


class ClickHouse(Engine):
    """Embedded ClickHouse (chdb), which uses delta-kernel-rs."""

    def __init__(self, place):
        import chdb.session

        # It reads only what is below the working directory, and takes only absolute paths.
        os.chdir("/")
        self.session = chdb.session.Session()
        self.session.query("SET output_format_arrow_string_as_string = 1, session_timezone = 'UTC'")
        self.session.query(f"CREATE VIEW {NAME} AS SELECT * FROM {self.source(place)}")

    def source(self, place):
        if not is_bucket(place):
            return f"deltaLakeLocal({self.quoted(place)})"
        bucket = Bucket()
        name, _, prefix = place.removeprefix("s3://").partition("/")
        base = f"{bucket.endpoint}/{name}" if bucket.endpoint else f"https://{name}.s3.{bucket.region}.amazonaws.com"
        arguments = [f"{base}/{prefix}", bucket.key, bucket.secret] + ([bucket.token] if bucket.token else [])
        return f"deltaLake({', '.join(map(self.quoted, arguments))})"

    def close(self):
        self.session.close()

    def quoted(self, text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def sql(self, text):
        import pyarrow

        # After a query that failed, the output of the session's next query is garbage: reopen.
        return pyarrow.ipc.open_file(self.session.query(text.rstrip().rstrip(";"), "Arrow").bytes()).read_all()


class Daft(Engine):
    def __init__(self, place):
        import daft
        from daft.io import IOConfig, S3Config

        self.daft, config = daft, None
        if is_bucket(place):
            bucket = Bucket()
            config = IOConfig(s3=S3Config(
                endpoint_url=bucket.endpoint, key_id=bucket.key, access_key=bucket.secret, session_token=bucket.token,
                region_name=bucket.region, use_ssl=not bucket.is_plain))
        self.frame = daft.read_deltalake(place, io_config=config)

    def sql(self, text):
        return self.daft.sql(text.rstrip().rstrip(";"), **{NAME: self.frame}).to_arrow()


class Sail(Engine):
    """pysail: Spark Connect in Rust. It proves nothing about Apache Spark, which needs Delta's Java packages."""

    def __init__(self, place):
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        # Sail reads the settings of a bucket from the variables of AWS.
        os.environ |= Bucket().options() if is_bucket(place) else {}
        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start(background=True)
        self.session = SparkSession.builder.remote(f"sc://127.0.0.1:{self.server.listening_address[1]}").getOrCreate()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")
        self.reopen(place)

    def reopen(self, place):
        self.session.read.format("delta").load(place).createOrReplaceTempView(NAME)

    def sql(self, text):
        return self.session.sql(text.rstrip().rstrip(";")).toArrow()

    def close(self):
        # Without this, Python does not end.
        self.session.stop()
        self.server.stop()


ENGINES = {
    "deltalake": DeltaRS, "duckdb": DuckDB, "polars": Polars, "chdb": ClickHouse, "daft": Daft, "pysail": Sail}


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


# One form ------------------------------------------------------------------------------------------------------------

def plain(column, name):
    """The cells of a column of Arrow, as JSON has them. Another type than that of the schema is an error."""
    import pyarrow

    types, kind = pyarrow.types, column.type
    if types.is_timestamp(kind):
        assert kind.unit == "us" and kind.tz in ("UTC", "+00:00", "Etc/UTC"), f"{name} is {kind}"
        return column.cast(pyarrow.int64()).to_pylist()
    if types.is_date32(kind):
        return [day and day.isoformat() for day in column.to_pylist()]
    assert name != "event_at" and name != "event_date", f"{name} is {kind}"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind):
        return column.to_pylist()
    if types.is_dictionary(kind):
        kind = kind.value_type
    assert types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind), f"{name} is {kind}"
    return column.to_pylist()


def rows_of(table):
    return list(map(list, zip(*(plain(table.column(name), name) for name in table.column_names))))


def line(cells):
    return json.dumps(cells, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def show(names, rows):
    print(line(names))
    for row in rows:
        print(line(row))


def show_table(names, rows):
    """All rows, sorted. The partition columns stand last, in the order of the schema."""
    assert names == COLUMNS, f"the columns are {names}"
    organization, uuid = COLUMNS.index("organization"), COLUMNS.index("uuid")
    show(names, sorted(rows, key=lambda row: (row[organization].encode(), row[uuid].encode())))


# CSV -----------------------------------------------------------------------------------------------------------------

class Folder:
    def __init__(self, place):
        self.root = pathlib.Path(place)

    def manifests(self):
        return [str(path.relative_to(self.root)) for path in self.root.glob("_manifest/*/manifest.json")]

    def read(self, path):
        return (self.root / path).read_bytes()


class Objects:
    """The objects of an archive in a bucket."""

    def __init__(self, place):
        self.client = Bucket().client()
        self.bucket, _, prefix = place.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    def manifests(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}_manifest/")
        keys = [entry["Key"].removeprefix(self.prefix) for page in pages for entry in page.get("Contents", [])]
        return [key for key in keys if key.endswith("/manifest.json")]

    def read(self, path):
        return self.client.get_object(Bucket=self.bucket, Key=self.prefix + path)["Body"].read()


def csv_rows(place):
    """The rows of the CSV parts that the manifests name, by the rules of csv-1. The keys come from the folders' names."""
    archive = Objects(place) if is_bucket(place) else Folder(place)
    for path in archive.manifests():
        for day in json.loads(archive.read(path))["partitions"]:
            parts = [file["path"] for file in day["files"] if file["format"] == "csv"]
            assert parts or not day["rows"], f"{day['event_date']} has no CSV part"
            for part in parts:
                keys = dict(folder.split("=", 1) for folder in part.split("/")[1:-1])
                for row, _ in flatten.read_csv(gzip.decompress(archive.read(part)).decode("utf-8")):
                    yield [cell(name, row[name]) for name in flatten.COLUMNS] + [keys[name] for name in KEYS]


def cell(name, text):
    if text is None:
        return None
    if name == "event_at":
        return flatten.read_time(text)
    return float(text) if name.endswith("tude") else text


# Commands ------------------------------------------------------------------------------------------------------------

def fsck(place):
    found = DeltaRS(place).table.repair(dry_run=True)
    for path in found["files_removed"]:
        print(path)


def vacuum(place):
    table = DeltaRS(place).table

    def named(full):
        return set(table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True, full=full))

    for path in sorted(named(True) - named(False)):
        print(path)


def history(place):
    for version in DeltaRS(place).table.history():
        print(json.dumps(version, sort_keys=True, default=str))


DELTA_RS = {"fsck": fsck, "vacuum": vacuum, "history": history}


def day(text):
    return datetime.date.fromisoformat(text).isoformat()


def read(engine, options):
    if options.count_day:
        found = engine.sql(f"SELECT count(*) AS events FROM {NAME} WHERE event_date = DATE '{options.count_day}'")
        print(*found.column(0).to_pylist())
    elif options.sql:
        found = engine.sql(options.sql)
        show(found.column_names, rows_of(found))
    else:
        found = engine.rows()
        show_table(found.column_names, rows_of(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=[*ENGINES, "csv", *DELTA_RS])
    parser.add_argument("place", type=lambda place: place if is_bucket(place) else os.path.abspath(place))
    parser.add_argument("--count-day", type=day)
    parser.add_argument("--sql", type=lambda path: pathlib.Path(path).read_text())
    options = parser.parse_args()
    if options.engine == "csv":
        return show_table(COLUMNS, csv_rows(options.place))
    if options.engine in DELTA_RS:
        return DELTA_RS[options.engine](options.place)
    engine = ENGINES[options.engine](options.place)
    try:
        read(engine, options)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
