"""Pages through an audit log with Cloudsmith's own Python client (PyPI: cloudsmith-api) and prints what it got.

    official_client.py BASE_URL API_KEY ORGANIZATION[/REPOSITORY] [--page-size N] [--query Q]

One JSON object per event on stdout, in the order of the pages: {"uuid": …, "event": …, "event_at": …, "actor": …}.
The client is used as it is; only its validation is off, as in cloudsmith-cli, because real records fail it.
"""

import argparse
import json

import cloudsmith_api


def pages(api, owner, repository, page_size, query):
    """The events of all pages, with the client's own reading of the headers."""
    options = {"page_size": page_size}
    if query is not None:
        options["query"] = query
    page, total = 1, 1
    while page <= total:
        if repository:
            events, _, headers = api.audit_log_repo_list_with_http_info(owner, repository, page=page, **options)
        else:
            events, _, headers = api.audit_log_namespace_list_with_http_info(owner, page=page, **options)
        yield from events
        total = int(headers.get("X-Pagination-PageTotal", 1))
        page += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("api_key")
    parser.add_argument("log")
    parser.add_argument("--page-size", type=int, default=500)
    parser.add_argument("--query")
    arguments = parser.parse_args()

    configuration = cloudsmith_api.Configuration()
    configuration.host = arguments.base_url
    configuration.api_key["X-Api-Key"] = arguments.api_key
    configuration.client_side_validation = False
    # Models make configurations of their own, from this default.
    cloudsmith_api.Configuration.set_default(configuration)

    api = cloudsmith_api.AuditLogApi(cloudsmith_api.ApiClient(configuration))
    owner, _, repository = arguments.log.partition("/")
    for event in pages(api, owner, repository, arguments.page_size, arguments.query):
        record = {
            "uuid": event.uuid,
            "event": event.event,
            "event_at": event.event_at.isoformat(),
            "actor": event.actor,
        }
        print(json.dumps(record))


if __name__ == "__main__":
    main()
