"""A source made with Airbyte's development kit. It writes its records to stdout."""

import sys

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams.http import HttpStream


class Events(HttpStream):
    url_base = sys.argv[1]
    primary_key = "uuid"
    pages = int(sys.argv[2])

    def path(self, **_):
        return "/audit-log/bench/"

    def get_json_schema(self):
        return {"type": "object", "additionalProperties": True}

    def request_headers(self, **_):
        return {"X-Api-Key": "benchmark"}

    def request_params(self, next_page_token=None, **_):
        return {"page": 1, "page_size": 500, **(next_page_token or {})}

    def next_page_token(self, response):
        page = int(response.headers["X-Pagination-Page"])
        return {"page": page + 1} if page < self.pages else None

    def parse_response(self, response, **_):
        yield from response.json()


class Source(AbstractSource):
    def spec(self, logger):
        return ConnectorSpecification(connectionSpecification={})

    def check_connection(self, logger, config):
        return True, None

    def streams(self, config):
        return [Events()]


if __name__ == "__main__":
    launch(Source(), sys.argv[3:])
