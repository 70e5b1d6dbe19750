"""A careful script: orjson, csv, gzip, and a second process that compresses."""

import csv
import io
import itertools
import multiprocessing

import orjson
from job import COLUMNS, Job, flatten


def compress(job: Job, days):
    import gzip
    while (item := days.get()) is not None:
        day, text = item
        with gzip.GzipFile(job.day_file(day), "wb", compresslevel=job.level, mtime=0) as file:
            file.write(text)


def write(day: str, rows: list, days):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows.sort(key=lambda row: (row[1], row[0]))
    writer.writerows(rows)
    days.put((day, text.getvalue().encode()))


def main():
    job = Job()
    days = multiprocessing.Queue(2)
    compressor = multiprocessing.Process(target=compress, args=(job, days))
    compressor.start()
    rows = (flatten(event) for body in job.bodies() for event in orjson.loads(body))
    # The list is newest first, so that a day's rows stand together.
    for day, group in itertools.groupby(rows, key=lambda row: row[1][:10]):
        write(day, list(group), days)
    days.put(None)
    compressor.join()


if __name__ == "__main__":
    main()
