"""A tap made with Meltano's Singer SDK. It writes its records to stdout."""

import sys

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import RESTStream

from job import PLACE, PLAIN, REST

ADDRESS, PAGES = sys.argv[1], int(sys.argv[2])


class Paginator(BasePageNumberPaginator):
    def has_more(self, response):
        return int(response.headers["X-Pagination-Page"]) < PAGES


class Events(RESTStream):
    name = "events"
    url_base = ADDRESS
    path = "/audit-log/bench/"
    primary_keys = ("uuid",)
    http_headers = {"X-Api-Key": "benchmark"}
    schema = th.PropertiesList(
        *(th.Property(name, th.StringType) for name in [*PLAIN, *REST]),
        th.Property("actor_location", th.ObjectType(*(th.Property(name, th.StringType) for name in PLACE))),
    ).to_dict()

    def get_new_paginator(self):
        return Paginator(1)

    def get_url_params(self, context, next_page_token):
        return {"page": next_page_token, "page_size": 500}


class AuditTap(Tap):
    name = "tap-audit"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Events(self)]


if __name__ == "__main__":
    AuditTap.cli(sys.argv[3:])
