"""A Singer tap, and a small target that writes the files."""

import pathlib
import subprocess
import sys

import orjson
from job import DayFiles, Job


def main():
    job = Job()
    (job.folder / "config.json").write_text("{}")
    tap = subprocess.Popen(
        [sys.executable, pathlib.Path(__file__).parent / "singer_tap.py", job.address, str(job.pages),
         "--config", job.folder / "config.json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    files = DayFiles(job)
    for line in tap.stdout:
        message = orjson.loads(line)
        if message["type"] == "RECORD":
            files.write(message["record"])
    files.close()
    sys.exit(tap.wait())


if __name__ == "__main__":
    main()
