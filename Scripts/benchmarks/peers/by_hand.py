"""A careful script: orjson, csv, gzip, and a second process that compresses."""

import csv
import io
import itertools
import multiprocessing

import orjson
from job import COLUMNS, Job, flatten


def write_tables(job: Job, days):
    """Writes rows as Parquet, with the column types of the exporter."""
    import datetime

    import pyarrow
    import pyarrow.parquet

    types = {"event_at": pyarrow.timestamp("us", "UTC"), "actor_location_latitude": pyarrow.float64(),
             "actor_location_longitude": pyarrow.float64()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in COLUMNS])
    while (item := days.get()) is not None:
        day, rows = item
        columns = [list(column) for column in zip(*rows)]
        columns[1] = [datetime.datetime.fromisoformat(time) for time in columns[1]]
        for place, name in enumerate(COLUMNS):
            if types.get(name) == pyarrow.float64():
                columns[place] = [None if text is None else float(text) for text in columns[place]]
        table = pyarrow.table(columns, schema=schema)
        pyarrow.parquet.write_table(table, job.day_file(day), compression="zstd")


def compress(job: Job, days):
    import gzip
    while (item := days.get()) is not None:
        day, text = item
        with gzip.GzipFile(job.day_file(day), "wb", compresslevel=job.level, mtime=0) as file:
            file.write(text)


def write(job: Job, day: str, rows: list, days):
    rows.sort(key=lambda row: (row[1], row[0]))
    if job.format == "parquet":
        days.put((day, rows))
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    days.put((day, text.getvalue().encode()))


def main():
    job = Job()
    days = multiprocessing.Queue(2)
    compressor = multiprocessing.Process(target=write_tables if job.format == "parquet" else compress, args=(job, days))
    compressor.start()
    rows = (flatten(event) for body in job.bodies() for event in orjson.loads(body))
    # The list is newest first, so that a day's rows stand together.
    for day, group in itertools.groupby(rows, key=lambda row: row[1][:10]):
        write(job, day, list(group), days)
    days.put(None)
    compressor.join()


if __name__ == "__main__":
    main()
