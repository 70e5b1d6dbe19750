"""dlt, with its REST source, one table per day, and its filesystem destination."""

import os
import shutil

import dlt
from dlt.destinations import filesystem
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from job import COLUMNS, PLAIN, REST, Job


MEMBERS = [*PLAIN, *REST]


def main():
    job = Job()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    client = RESTClient(
        job.address, headers={"X-Api-Key": "benchmark"},
        paginator=PageNumberPaginator(base_page=1, page_param="page", total_path=None, maximum_page=job.pages + 1))

    columns = {name.replace("location_", "location__", 1): {"data_type": "text"} for name in COLUMNS}

    @dlt.resource(table_name=lambda event: f"events_{event['event_at'][:10]}", columns=columns)
    def events():
        for page in client.paginate("/audit-log/bench/", params={"page_size": 500}, data_selector="$"):
            yield [
                {**{name: event.get(name) for name in MEMBERS}, "actor_location": event.get("actor_location") or {}}
                for event in page]

    pipeline = dlt.pipeline(
        "audit", destination=filesystem(str(job.folder / "out")), dataset_name="audit", pipelines_dir=str(job.folder / "work"))
    pipeline.run(events(), loader_file_format="csv", write_disposition="append")
    shutil.rmtree(job.folder / "work")


if __name__ == "__main__":
    main()
