"""Embedded ClickHouse: one statement reads the URLs and writes the files."""

import chdb
from job import PLACE, PLAIN, REST, Job


def main():
    job = Job()
    structure = ", ".join(f"{name} Nullable(String)" for name in [*PLAIN, *REST])
    place = ", ".join(f"{name} Nullable(String)" for name in PLACE)
    columns = ", ".join(
        [*PLAIN, *(f"actor_location.{name} AS actor_location_{name}" for name in PLACE), *REST, "NULL AS additional_fields"])
    if job.format == "parquet":
        # As the exporter types them.
        columns = columns.replace("event_at,", "parseDateTime64BestEffort(event_at, 6, 'UTC'),").replace(
            "actor_location.latitude", "toFloat64OrNull(actor_location.latitude)").replace(
            "actor_location.longitude", "toFloat64OrNull(actor_location.longitude)")
    types = {"event_at": "DateTime64(6, 'UTC')", "actor_location_latitude": "Nullable(Float64)",
             "actor_location_longitude": "Nullable(Float64)"} if job.format == "parquet" else {}
    text = ", ".join(
        f"{name} {types.get(name, 'Nullable(String)')}"
        for name in [*PLAIN, *(f"actor_location_{name}" for name in PLACE), *REST, "additional_fields"])
    form = "CSVWithNames" if job.format == "csv" else "Parquet"
    level = f"output_format_compression_level = {job.level}, " if job.format == "csv" else ""
    chdb.query(f"""
        INSERT INTO FUNCTION file('{job.day_file("{_partition_id}")}', '{form}', "{text}")
        PARTITION BY substring(toString(assumeNotNull(event_at)), 1, 10)
        SELECT {columns}
        FROM url('{job.url}?page={{1..{job.pages}}}&page_size=500', 'JSONEachRow',
                 '{structure}, actor_location Tuple({place})')
        SETTINGS {level}glob_expansion_max_elements = 1000000""")


if __name__ == "__main__":
    main()
