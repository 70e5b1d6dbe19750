"""DuckDB on downloaded pages: curl downloads them into a folder, and one statement does the rest."""

import shutil
import subprocess

import duckdb
from job import COLUMNS, PLACE, PLAIN, REST, Job


def main():
    job = Job()
    pages = job.folder / "pages"
    pages.mkdir()
    subprocess.run(
        ["curl", "-sS", "--create-dirs", "-o", f"{pages}/#1.json", f"{job.url}?page=[1-{job.pages}]&page_size=500"],
        check=True)
    fields = ", ".join(f"{name} VARCHAR" for name in PLACE)
    members = ", ".join(f"{name}: 'VARCHAR'" for name in [*PLAIN, *REST])
    columns = ", ".join(
        [*PLAIN, *(f"actor_location.{name} AS actor_location_{name}" for name in PLACE), *REST, "NULL AS additional_fields"])
    # As the exporter types them.
    typed = columns if job.format == "csv" else columns.replace("event_at,", "event_at::TIMESTAMPTZ AS event_at,").replace(
        "actor_location.latitude", "actor_location.latitude::DOUBLE").replace(
        "actor_location.longitude", "actor_location.longitude::DOUBLE").replace(
        "NULL AS additional_fields", "NULL::VARCHAR AS additional_fields")
    form = ("FORMAT csv, HEADER, COMPRESSION gzip, FILE_EXTENSION 'csv.gz'" if job.format == "csv"
            else "FORMAT parquet, COMPRESSION zstd")
    database = duckdb.connect()
    database.execute("SET preserve_insertion_order = false")
    database.execute(f"""
        COPY (SELECT {typed}, pages.event_at[:10] AS event_date
              FROM read_json('{pages}/*.json', format = 'array', columns = {{{members}, actor_location: 'STRUCT({fields})'}}) AS pages)
        TO '{job.folder}/days' ({form}, PARTITION_BY (event_date))""")
    shutil.rmtree(pages)


if __name__ == "__main__":
    main()
