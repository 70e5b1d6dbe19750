"""Shared code of the peers in Python: the columns, the pages, the files.

All peers omit members that are not among the 23 columns: `additional_fields` is always NULL."""

import csv
import gzip
import http.client
import pathlib
import sys
import urllib.parse

PLAIN = ["uuid", "event_at", "event", "context", "actor", "actor_kind", "actor_slug_perm", "actor_url", "actor_ip_address"]
PLACE = ["continent", "country", "country_code", "city", "postal_code", "latitude", "longitude"]
REST = ["object", "object_kind", "object_slug_perm", "target", "target_kind", "target_slug_perm"]
COLUMNS = [*PLAIN, *(f"actor_location_{name}" for name in PLACE), *REST, "additional_fields"]


class Job:
    """The arguments: the URL of the pages, the output folder, the gzip level, the number of pages, and csv or parquet."""

    def __init__(self):
        self.address, folder, level, pages, self.format = sys.argv[1:6]
        self.folder, self.level, self.pages = pathlib.Path(folder), int(level), int(pages)
        self.url = f"{self.address}/audit-log/bench/"

    def page_url(self, page: int) -> str:
        return f"{self.url}?page={page}&page_size=500"

    def bodies(self, pages=None):
        """The bytes of the pages, one page after another, over one connection."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.address).netloc)
        for page in pages or range(1, self.pages + 1):
            connection.request("GET", f"/audit-log/bench/?page={page}&page_size=500", headers={"X-Api-Key": "benchmark"})
            answer = connection.getresponse()
            assert answer.status == 200
            yield answer.read()

    def day_file(self, day: str) -> pathlib.Path:
        return self.folder / f"{day}.{'csv.gz' if self.format == 'csv' else 'parquet'}"


def flatten(event: dict) -> list:
    place = event.get("actor_location") or {}
    return [*map(event.get, PLAIN), *map(place.get, PLACE), *map(event.get, REST), None]


class DayFiles:
    """One csv.gz per day, written row by row."""

    def __init__(self, job: Job):
        self.job, self.open = job, {}

    def write(self, event: dict):
        day = event["event_at"][:10]
        if day not in self.open:
            file = gzip.open(self.job.day_file(day), "wt", compresslevel=self.job.level, newline="")
            self.open[day] = file, csv.writer(file, lineterminator="\n")
            self.open[day][1].writerow(COLUMNS)
        self.open[day][1].writerow(flatten(event))

    def close(self):
        for file, _ in self.open.values():
            file.close()
