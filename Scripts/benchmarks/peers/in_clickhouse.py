"""ClickHouse in process: one statement from the URLs to the files."""

import chdb
from job import PLACE, PLAIN, REST, Job


def main():
    job = Job()
    structure = ", ".join(f"{name} Nullable(String)" for name in [*PLAIN, *REST])
    place = ", ".join(f"{name} Nullable(String)" for name in PLACE)
    columns = ", ".join(
        [*PLAIN, *(f"actor_location.{name} AS actor_location_{name}" for name in PLACE), *REST, "NULL AS additional_fields"])
    text = ", ".join(
        f"{name} Nullable(String)"
        for name in [*PLAIN, *(f"actor_location_{name}" for name in PLACE), *REST, "additional_fields"])
    chdb.query(f"""
        INSERT INTO FUNCTION file('{job.folder}/{{_partition_id}}.csv.gz', 'CSVWithNames', '{text}')
        PARTITION BY substring(assumeNotNull(event_at), 1, 10)
        SELECT {columns}
        FROM url('{job.url}?page={{1..{job.pages}}}&page_size=500', 'JSONEachRow',
                 '{structure}, actor_location Tuple({place})')
        SETTINGS output_format_compression_level = {job.level}, glob_expansion_max_elements = 1000000""")


if __name__ == "__main__":
    main()
