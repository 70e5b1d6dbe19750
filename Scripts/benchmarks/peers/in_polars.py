"""polars: downloads the pages of more than a day at a time, makes frames of them, splits them by day, and compresses in two threads."""

import concurrent.futures
import gzip
import io

import polars
from job import COLUMNS, PLACE, PLAIN, REST, Job

SCHEMA = {
    **{name: polars.String for name in [*PLAIN, *REST]},
    "actor_location": polars.Struct({name: polars.String for name in PLACE}),
}


def frame(body: bytes) -> polars.DataFrame:
    return polars.read_json(io.BytesIO(body), schema=SCHEMA)


def write(job: Job, day: str, rows: polars.DataFrame):
    rows = rows.select(COLUMNS).sort("event_at", "uuid")
    if job.format == "parquet":
        # As the exporter types them.
        rows.with_columns(
            polars.col("event_at").str.to_datetime(time_unit="us", time_zone="UTC"),
            polars.col("actor_location_latitude", "actor_location_longitude").cast(polars.Float64),
        ).write_parquet(job.day_file(day))
        return
    text = rows.write_csv().encode()
    with gzip.GzipFile(job.day_file(day), "wb", compresslevel=job.level, mtime=0) as file:
        file.write(text)


def main():
    job = Job()
    place = polars.col("actor_location").struct
    with concurrent.futures.ThreadPoolExecutor(2) as workers:
        frames = list(workers.map(frame, job.bodies()))
        rows = polars.concat(frames).with_columns(
            *(place.field(name).alias(f"actor_location_{name}") for name in PLACE),
            polars.lit(None, polars.String).alias("additional_fields"),
            polars.col("event_at").str.slice(0, 10).alias("event_date"))
        days = rows.partition_by("event_date", as_dict=True)
        for written in [workers.submit(write, job, day, part) for (day,), part in days.items()]:
            written.result()


if __name__ == "__main__":
    main()
