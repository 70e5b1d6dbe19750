"""Loads a log with difficult values with a loader in samples/warehouses, and compares every cell with the events.

    load-warehouse.py postgresql|duckdb|clickhouse|spark EXPORTER EMULATOR FOLDER
    load-warehouse.py parquet EXPORTER EMULATOR FOLDER pyarrow,duckdb,polars,chdb,spark

FOLDER must be empty. An emulator serves the events, the exporter archives them, and the loader loads them. The steps:

1. Load twice.
2. Export the days again with added, changed and removed events, and load with a missing file, which must fail.
3. Run two loaders at once. If the engine has transactions, one of them has an older commit than the other.
4. Load everything again.
5. Load while exports replace the files.

The expected rows come from flatten.py, not from the archive.

With parquet, nothing is loaded: each engine reads the archive's parquet/ as one table with Hive partitions.
"""

import datetime
import json
import os
import pathlib
import pwd
import re
import shlex
import struct
import subprocess
import sys
import time

import flatten
from difficult_events import TEXTS, newest_first, record_on

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples/warehouses"
FOLDER = pathlib.Path(sys.argv[4])
ARCHIVE = FOLDER / "the archive"
FIRST_DAY = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=9)


def record(number, day, shift=0):
    return record_on(FIRST_DAY + datetime.timedelta(days=day), number, day, shift)


class Log:
    """The emulator and the exporter, which make the archive."""

    def __init__(self, exporter, emulator):
        self.emulator, self.port, self.files = emulator, "0", 0
        bin = FOLDER / "bin"
        bin.mkdir()
        (bin / "cloudsmith-audit-export").symlink_to(exporter)
        os.environ["PATH"] = f"{bin}:{os.environ['PATH']}"
        self.slow_exporter(exporter)

    def slow_exporter(self, exporter):
        """Makes an exporter in FOLDER/slow that holds its output back until the test releases it."""
        (FOLDER / "slow").mkdir()
        for pipe in ("asked", "go"):
            os.mkfifo(FOLDER / pipe)
        slow = FOLDER / "slow/cloudsmith-audit-export"
        slow.write_text(SLOW_EXPORTER.format(exporter=shlex.quote(exporter), folder=shlex.quote(str(FOLDER))))
        slow.chmod(0o755)

    def export(self, records, *options):
        """Serves the records and exports them. Returns the expected rows."""
        records = newest_first(records)
        self.files += 1
        path = FOLDER / f"events-{self.files}.json"
        path.write_text(json.dumps(records))
        serving = subprocess.Popen(
            [self.emulator, "--port", self.port, "--organization", "acme", "--api-key", "k-123456", "--events", path],
            stdout=subprocess.PIPE, text=True)
        try:
            url = serving.stdout.readline().split()[-1]
            self.port = url.rsplit(":", 1)[1]
            window = [str(FIRST_DAY), str(FIRST_DAY + datetime.timedelta(days=6))]
            subprocess.run(
                ["cloudsmith-audit-export", "export", "-q", "-o", "acme", "--archive", ARCHIVE, "--from", window[0],
                 "--to", window[1], "--max-requests-per-second", "unlimited", *options],
                check=True, env=os.environ | {"CLOUDSMITH_API_HOST": url, "CLOUDSMITH_API_KEY": "k-123456"})
        finally:
            serving.terminate()
            serving.wait()
        rows, unreadable = flatten.expected_rows([path], (flatten.FIRST, flatten.LAST + 1))
        assert len(rows) == len(records) and not unreadable
        return [row for _, row in rows]


SLOW_EXPORTER = """#!/bin/sh
answer=$({exporter} "$@") || exit
echo >{folder}/asked
read -r _ <{folder}/go
printf '%s\\n' "$answer"
"""


class DuckDB:
    full = ["--full"]

    def __init__(self):
        self.path = str(FOLDER / "audit.duckdb")

    def command(self, *options):
        return [sys.executable, SAMPLES / "duckdb/load.py", self.path, "acme", ARCHIVE, *options]

    def query(self, sql):
        import duckdb
        with duckdb.connect(self.path) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'")
            return warehouse.execute(sql).fetchall()

    def close(self):
        pass

    def rows(self):
        times = "strftime(event_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        return self.query(
            f"SELECT {columns}, event_date::VARCHAR FROM cloudsmith_audit_log WHERE organization = 'acme'")


class PostgreSQL:
    full = ["--full"]

    def __init__(self):
        self.data = FOLDER / "postgresql"
        self.data.mkdir()
        initdb = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
        self.bin = initdb.parent
        # The server refuses to run as root.
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        if self.user:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.data, postgres.pw_uid, postgres.pw_gid)
            FOLDER.chmod(0o755)
        self.server("initdb", "-A", "trust", "-U", "audit", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-c listen_addresses= -c unix_socket_directories={self.data} -c fsync=off"
        self.server("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", options, "start")
        os.environ |= {"PGHOST": str(self.data), "PGUSER": "audit", "PGDATABASE": "postgres", "PGTZ": "Asia/Karachi"}
        subprocess.run(
            ["psql", "-qX", "--set", "ON_ERROR_STOP=1", "--file", SAMPLES / "postgresql/schema.sql"], check=True)

    def server(self, program, *options):
        subprocess.run(
            [*self.user, self.bin / program, "-D", self.data, *options], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def command(self, *options):
        return [SAMPLES / "postgresql/load.sh", "acme", ARCHIVE, *options]

    def query(self, sql):
        answer = subprocess.run(
            ["psql", "-qXAt", "--set", "ON_ERROR_STOP=1", "--command", sql], check=True, stdout=subprocess.PIPE)
        number = lambda text: -0.0 if text == "-0" else int(text)
        return [json.loads(line, parse_int=number) for line in answer.stdout.decode().split("\n")[:-1]]

    def close(self):
        self.server("pg_ctl", "-w", "-m", "immediate", "stop")

    def rows(self):
        times = """to_char(event_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        return self.query(
            f"SELECT json_build_array({columns}, event_date) FROM cloudsmith_audit_log WHERE organization = 'acme'")


class ClickHouse:
    """Embedded ClickHouse (chdb). The loader calls a replacement of clickhouse-client that queries it."""

    full = None

    def __init__(self):
        script = pathlib.Path(__file__).with_name("clickhouse_client.py")
        client = FOLDER / "bin/clickhouse-client"
        data = FOLDER / "clickhouse"
        # Stops the loader before or after the call with this number.
        client.write_text(
            "#!/bin/sh\n[ -z \"$STOP_AT\" ] || echo >>$STOP_COUNT\n"
            '[ "${STOP_AT:-0}" = 0 ] || [ "$(wc -l <$STOP_COUNT)" != "$STOP_AT" ] || kill -9 $PPID\n'
            f'exec {shlex.join([sys.executable, str(script), str(data)])} "$@"\n')
        client.chmod(0o755)
        with open(SAMPLES / "clickhouse/schema.sql") as schema:
            subprocess.run(["clickhouse-client", "--multiquery"], check=True, stdin=schema)

    def command(self, *options):
        return [SAMPLES / "clickhouse/load.sh", "acme", ARCHIVE, *options]

    def query(self, sql):
        if sql.startswith("SELECT"):
            sql += " SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONCompactEachRow"
        answer = subprocess.run(["clickhouse-client", "--query", sql], check=True, stdout=subprocess.PIPE)
        number = lambda text: -0.0 if text == "-0" else int(text)
        return [tuple(json.loads(line, parse_int=number)) for line in answer.stdout.decode().split("\n")[:-1]]

    def close(self):
        pass

    def rows(self):
        times = "formatDateTime(event_at, '%Y-%m-%dT%H:%i:%S.%fZ')"
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        return self.query(
            f"SELECT {columns}, event_date FROM cloudsmith_audit_log WHERE organization = 'acme'")


class Spark:
    """Spark with its own catalog in this folder. Only one program can use it at a time."""

    full = None

    def __init__(self):
        self.bin = pathlib.Path(sys.executable).parent
        (FOLDER / "spark-defaults.conf").write_text(
            "spark.master local[2]\nspark.ui.enabled false\nspark.sql.shuffle.partitions 2\n"
            f"spark.sql.warehouse.dir {FOLDER}/spark-warehouse\nspark.sql.session.timeZone Asia/Karachi\n")
        os.environ |= {
            "SPARK_CONF_DIR": str(FOLDER), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable,
            "PYTHONWARNINGS": "ignore"}
        os.chdir(FOLDER)
        with open(FOLDER / "spark-sql.log", "w") as log:
            subprocess.run(
                [self.bin / "spark-sql", "-f", SAMPLES / "spark/schema.sql"], check=True, stdout=log, stderr=log)

    def command(self, *options):
        return [self.bin / "spark-submit", SAMPLES / "spark/load.py", "acme", ARCHIVE, *options]

    def query(self, sql):
        answer = subprocess.run(
            [sys.executable, "-c", SPARK_QUERY, sql], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return [tuple(json.loads(line)) for line in answer.stdout.decode().split("\n")[:-1]]

    def close(self):
        pass

    def rows(self):
        times = """date_format(event_at, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")"""
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        return self.query(
            f"SELECT {columns}, string(event_date) FROM cloudsmith_audit_log WHERE organization = 'acme'")


SPARK_QUERY = """
import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")
for row in spark.sql(sys.argv[1]).collect():
    print(json.dumps(list(row)))
"""


class Parquet:
    """The folder parquet/ of the archive, as an engine reads it. The type of the day must be a date."""

    table = ARCHIVE / "parquet"

    def __init__(self, engine):
        self.rows = getattr(self, engine)

    def pyarrow(self):
        import pyarrow
        from pyarrow import dataset
        keys = pyarrow.schema([("organization", pyarrow.string()), ("event_date", pyarrow.date32())])
        table = dataset.dataset(self.table, partitioning=dataset.partitioning(keys, flavor="hive")).to_table()
        times = [flatten.time_text(time) for time in table["event_at"].cast(pyarrow.int64()).to_pylist()]
        columns = {name: table[name].to_pylist() for name in flatten.COLUMNS if name != "event_at"} | {"event_at": times}
        return zip(*(columns[name] for name in flatten.COLUMNS), map(str, table["event_date"].to_pylist()))

    def duckdb(self):
        import duckdb
        duckdb.execute("SET TimeZone = 'UTC'")
        times = "strftime(event_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        source = f"read_parquet('{self.table}/*/*/*.parquet', hive_partitioning = true)"
        return duckdb.execute(f"SELECT {columns}, strftime(event_date, '%Y-%m-%d') FROM {source}").fetchall()

    def polars(self):
        import polars
        keys = {"organization": polars.String, "event_date": polars.Date}
        table = polars.scan_parquet(self.table, hive_partitioning=True, hive_schema=keys)
        columns = [polars.col(name).dt.epoch("us") if name == "event_at" else name for name in flatten.COLUMNS]
        rows = table.select(*columns, polars.col("event_date").dt.to_string("%Y-%m-%d")).collect().rows()
        return [(row[0], flatten.time_text(row[1]), *row[2:]) for row in rows]

    def chdb(self):
        import chdb
        times = "formatDateTime(event_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')"
        columns = ", ".join(times if name == "event_at" else name for name in flatten.COLUMNS)
        answer = chdb.query(
            f"SELECT {columns}, toString(toDate(event_date)) FROM file('{self.table}/*/*/*.parquet', 'Parquet') "
            "SETTINGS use_hive_partitioning = 1", "JSONCompactEachRow").bytes().decode()
        return [json.loads(line, parse_int=lambda text: float(text)) for line in answer.split("\n")[:-1]]

    def spark(self):
        from pyspark.sql import SparkSession
        session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config(
            "spark.ui.showConsoleProgress", "false").getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        times = """date_format(event_at, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")"""
        columns = [times if name == "event_at" else name for name in flatten.COLUMNS]
        table = session.read.parquet(str(self.table))
        assert dict(table.dtypes)["event_date"] == "date"
        return table.selectExpr(*columns, "string(event_date)").collect()


def bits(cell):
    return cell if cell is None else struct.pack(">d", float(cell)).hex()


def compare(warehouse, expected, step):
    """Compares every cell of every row. There must be no other rows."""
    coordinates = [index for index, name in enumerate(flatten.COLUMNS) if name.endswith("tude")]
    found = [list(row) for row in warehouse.rows()]
    wanted = [[row[name] for name in flatten.COLUMNS] + [row["event_at"][:10]] for row in expected]
    for row in found + wanted:
        for index in coordinates:
            row[index] = bits(row[index])
    found.sort(key=lambda row: (row[1], row[0]))
    wanted.sort(key=lambda row: (row[1], row[0]))
    for one, other in zip(found, wanted):
        for name, cell, right in zip(flatten.COLUMNS + ["event_date"], one, other):
            assert cell == right, f"{step}: {right!r:.200} of {name}, {other[0]}, has become {cell!r:.200}"
    assert len(found) == len(wanted), f"{step}: {len(found)} rows, not {len(wanted)}"
    cells = [cell for row in found for cell in row]
    assert None in cells and "" in cells
    print(f"{step}: {len(found)} rows equal")


def load(warehouse, expected, step, *options, says=None):
    answer = subprocess.run(warehouse.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert answer.returncode == 0, f"{step}: {answer.stdout}{answer.stderr}"
    assert re.fullmatch(says or r"commit \d+: \d+ days, \d+ rows\n", answer.stdout), f"{step}: {answer.stdout}"
    compare(warehouse, expected, step)
    number = json.loads((ARCHIVE / "_manifest/acme/manifest.json").read_text())["commit"]
    # Without transactions, the loader adds a row per commit, and the highest number counts.
    rows = warehouse.query("SELECT max(commit_number) FROM cloudsmith_audit_loaded WHERE organization = 'acme'")
    assert rows in ([number], [(number,)]), f"{step}: {rows}, not {number}"


def scenario(log, warehouse):
    records = [record(number, day) for day in range(4) for number in range(len(TEXTS))]
    expected = log.export(records, "--page-size", "50")
    load(warehouse, expected, "first load")
    load(warehouse, expected, "load again", says=r"commit \d+: nothing to load\n")

    # Another log. The loader must not change it.
    if isinstance(warehouse, ClickHouse):
        warehouse.query(f"INSERT INTO cloudsmith_audit_days VALUES ('other', '{FIRST_DAY}', 1)")
        warehouse.query(
            "INSERT INTO cloudsmith_audit_rows (uuid, event_at, organization, event_date, load) "
            f"VALUES ('0', now(), 'other', '{FIRST_DAY}', 1)")
    else:
        warehouse.query(
            "INSERT INTO cloudsmith_audit_log (uuid, event_at, organization, event_date) "
            f"VALUES ('0', now(), 'other', DATE '{FIRST_DAY}')")

    # Day 0 stays, day 1 gets more events, day 2 other values, day 3 loses all events, day 4 is new.
    records = [found for found in records if found["uuid"][0] in "01"]
    records += [record(number + 500, 1) for number in range(20)]
    records += [record(number, 2, shift=13) for number in range(len(TEXTS))]
    records += [record(number, 4) for number in range(len(TEXTS))]
    before, expected = expected, log.export(records, "--replace")
    lost = next(ARCHIVE.glob(f"csv/*/event_date={FIRST_DAY + datetime.timedelta(days=4)}/*"))
    lost.rename(FOLDER / "lost")
    failed = subprocess.run(warehouse.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # spark-submit prints the loader's stderr on stdout.
    assert failed.returncode != 0 and lost.name in failed.stdout + failed.stderr, failed.stdout + failed.stderr
    compare(warehouse, before, "a file is missing, nothing is loaded")
    (FOLDER / "lost").rename(lost)
    if isinstance(warehouse, PostgreSQL):
        last = f"ADD CONSTRAINT last CHECK (event_date < '{FIRST_DAY + datetime.timedelta(days=4)}') NOT VALID"
        warehouse.query("ALTER TABLE cloudsmith_audit_log " + last)
        assert subprocess.run(warehouse.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0
        warehouse.query("ALTER TABLE cloudsmith_audit_log DROP CONSTRAINT last")
        compare(warehouse, before, "the last day is refused, nothing is loaded")
    load(warehouse, expected, "days exported again", says=r"commit \d+: 4 days, \d+ rows\n")

    records += [record(number + 600, day) for day in (0, 5) for number in range(30)]
    expected = log.export(records)
    if isinstance(warehouse, PostgreSQL):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        pair = [subprocess.Popen(warehouse.command(), **quiet) for _ in "ab"]
        assert 0 in [loader.wait() for loader in pair]
    else:
        subprocess.run(warehouse.command(), check=True, stdout=subprocess.DEVNULL)
    load(warehouse, expected, "after two loaders at once", says=r"commit \d+: nothing to load\n")
    if isinstance(warehouse, ClickHouse):
        records, expected = stopped(log, warehouse, records, expected)
    if isinstance(warehouse, PostgreSQL):
        records, expected = overtaken(log, warehouse, records)
    if warehouse.full:
        load(warehouse, expected, "everything again", *warehouse.full)
    if not isinstance(warehouse, Spark):
        starved(log, warehouse, records)
    kept = warehouse.query("SELECT count(*) FROM cloudsmith_audit_log WHERE organization = 'other'")
    assert kept in ([1], [(1,)]), kept


def stopped(log, warehouse, records, expected):
    """Kills the loader before or after each of its calls of the client. Readers see all changed days of a load or none of them."""
    calls = FOLDER / "calls"
    for number in range(1, 8):
        before, records = expected, records + [record(950 + number, day) for day in (0, 3, 5)]
        expected = log.export(records)
        calls.write_text("")
        answer = subprocess.run(
            warehouse.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"STOP_AT": str(number), "STOP_COUNT": str(calls)})
        if answer.returncode == 0:
            assert number == 7, f"{number - 1} calls"
            break
        # The call at which the loader was killed may still be made, and nobody waits for it.
        while subprocess.run(["pgrep", "-f", f"clickhouse_client.py {FOLDER}"], stdout=subprocess.DEVNULL).returncode == 0:
            time.sleep(0.1)
        rows = len(warehouse.rows())
        assert rows in (len(before), len(expected)), f"killed at call {number}: {rows} rows"
        load(
            warehouse, expected, f"after a loader was killed at call {number}",
            says=r"commit \d+: (\d+ days, \d+ rows|nothing to load)\n")
    else:
        raise AssertionError("the loader starts the client more than six times")
    return records, expected


def overtaken(log, warehouse, records):
    """A loader has the changes of one commit when another one loads the next commit. The first one must not restore the older state."""
    records = records + [record(number + 700, 5) for number in range(5)]
    log.export(records)
    slow = subprocess.Popen(
        warehouse.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PATH": f"{FOLDER}/slow:{os.environ['PATH']}"})
    with open(FOLDER / "asked") as asked:
        asked.read()
    records = records + [record(number + 800, 1) for number in range(5)]
    expected = log.export(records)
    load(warehouse, expected, "a faster loader")
    with open(FOLDER / "go", "w") as go:
        go.write("on\n")
    said, failed = slow.communicate()
    assert slow.returncode != 0 and not said and "another loader was faster" in failed, said + failed
    load(warehouse, expected, "after a slower loader", says=r"commit \d+: nothing to load\n")
    return records, expected


def parquet(log, engines):
    records = [record(number, day) for day in range(4) for number in range(len(TEXTS))]
    expected = log.export(records, "--format", "csv,parquet")
    for engine in engines:
        compare(Parquet(engine), expected, engine)
    print("done")


def starved(log, warehouse, records):
    """Nine times, an export replaces every file after a loader got the list of files. Each load must be complete and match that list."""
    expected = log.export(records, "--replace")
    for number in range(9):
        loader = subprocess.Popen(
            warehouse.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PATH": f"{FOLDER}/slow:{os.environ['PATH']}"})
        with open(FOLDER / "asked") as asked:
            asked.read()
        told, expected = expected, log.export(
            records + [record(900 + number, day) for day in range(6)], "--replace")
        with open(FOLDER / "go", "w") as go:
            go.write("on\n")
        said, failed = loader.communicate()
        assert loader.returncode == 0, f"load {number} of 9: {said}{failed}"
        compare(warehouse, told, f"load {number + 1} of 9 beside an export")
    load(warehouse, expected, "after loads beside exports")


def main():
    log = Log(sys.argv[2], sys.argv[3])
    if sys.argv[1] == "parquet":
        return parquet(log, sys.argv[5].split(","))
    warehouse = {"postgresql": PostgreSQL, "duckdb": DuckDB, "clickhouse": ClickHouse, "spark": Spark}[sys.argv[1]]()
    try:
        scenario(log, warehouse)
    finally:
        warehouse.close()
    print("done")


main()
