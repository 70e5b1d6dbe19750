"""Measures what frequent runs cost: requests of a run, and the growth of the chain of commits.

An emulator holds generated events of three days or more. Its clock is set forward between the runs, so a day of runs every five minutes takes
about a minute. Events end where the runs begin: the log is quiet. The table has the requests of an incremental run by events per day and
lookback, and the records that a day of such runs adds, with and without --quiet-commit-interval."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import tempfile

from server import free_port

ORGANIZATION, KEY = "bench", "emulator-demo-key"
EVENTS_A_DAY = (20, 500, 5_000, 50_000)
LOOKBACKS = ("1h", "24h")


class Job:
    def __init__(self, exporter: str, emulator: str, work: pathlib.Path, events_a_day: int):
        self.exporter, self.emulator, self.events_a_day = exporter, emulator, events_a_day
        self.archive = work / f"{events_a_day}"
        # More than one page of 500.
        self.days = max(3, 1_000 // events_a_day)
        # An archive has one host.
        self.port = free_port()
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    @contextlib.contextmanager
    def serving(self, ahead: int):
        emulator = subprocess.Popen(
            [self.emulator, "--organization", ORGANIZATION, "--generate", str(self.days * self.events_a_day),
             "--from", self.time(-self.days * 86_400), "--to", self.time(-3_600), "--rate-limit", "0", "--date-ahead", f"{ahead}s",
             "--port", str(self.port)], stdout=subprocess.PIPE, text=True)
        try:
            if not emulator.stdout.readline().startswith("listening on "):
                raise SystemExit("error: the emulator did not start")
            yield f"http://127.0.0.1:{self.port}"
        finally:
            emulator.terminate()
            emulator.wait()

    def time(self, seconds: int) -> str:
        return (self.now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def export(self, ahead: int = 0, *options: str) -> dict:
        """One run, this many seconds from now."""
        with self.serving(ahead) as address:
            run = subprocess.run(
                [self.exporter, "export", "--output-format", "json", "--organization", ORGANIZATION, "--archive", self.archive,
                 "--api-host", address, "--max-requests-per-second", "unlimited", *options],
                env={**os.environ, "CLOUDSMITH_API_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            raise SystemExit(f"{run.stderr}error: the export failed")
        return json.loads(run.stdout)

    def first(self):
        self.export(0, "--backfill-start-time", self.time(-self.days * 86_400))

    def records(self) -> tuple[int, int]:
        files = list((self.archive / "_manifest" / ORGANIZATION / "commits").iterdir())
        return len(files), sum(file.stat().st_size for file in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--minutes", type=int, default=5, help="between two runs")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {"requests": {}, "records": {}}
    with tempfile.TemporaryDirectory(prefix="frequency-") as folder:
        work = pathlib.Path(folder)
        print("events a day  lookback  requests of a run")
        for events in EVENTS_A_DAY:
            job = Job(arguments.exporter, arguments.emulator, work, events)
            job.first()
            for index, lookback in enumerate(reversed(LOOKBACKS)):
                # The first run with a shorter lookback reads what the run before left to it.
                for step in range(1, 3):
                    run = job.export(300 * (2 * index + step), "--existing", "--lookback", lookback)["run"]
                requests = run["requests"]
                results["requests"][f"{events} {lookback}"] = requests
                print(f"{events:12,}  {lookback:>8}  {requests:17,}")
        print("\n--quiet-commit-interval  runs  records a day  bytes a day  bytes a year")
        for interval in ("0s", "1h"):
            job = Job(arguments.exporter, arguments.emulator, work / interval, EVENTS_A_DAY[0])
            job.first()
            before = job.records()
            steps = range(arguments.minutes, 24 * 60 + 1, arguments.minutes)
            for minutes in steps:
                job.export(minutes * 60, "--existing", "--quiet-commit-interval", interval)
            records, size = (now - then for now, then in zip(job.records(), before))
            results["records"][interval] = {"runs": len(steps), "records": records, "bytes": size}
            print(f"{interval:>23}  {len(steps):4}  {records:13,}  {size:11,}  {365 * size:12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
