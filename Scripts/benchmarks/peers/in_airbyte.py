"""Airbyte's development kit as the source, and a small destination that writes the files."""

import json
import pathlib
import subprocess
import sys

import orjson
from job import DayFiles, Job


def main():
    job = Job()
    stream = {"name": "events", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}
    (job.folder / "config.json").write_text("{}")
    (job.folder / "catalog.json").write_text(json.dumps(catalog))
    source = subprocess.Popen(
        [sys.executable, pathlib.Path(__file__).parent / "airbyte_source.py", job.address, str(job.pages), "read",
         "--config", job.folder / "config.json", "--catalog", job.folder / "catalog.json"], stdout=subprocess.PIPE)
    files = DayFiles(job)
    for line in source.stdout:
        message = orjson.loads(line)
        if message["type"] == "RECORD":
            files.write(message["record"]["data"])
    files.close()
    sys.exit(source.wait())


if __name__ == "__main__":
    main()
