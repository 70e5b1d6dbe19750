"""Measures the export of many logs at once (--parallel-logs) from the emulator, in a folder or in a bucket of SeaweedFS.

The emulator serves many organizations, which use the keys in turn. The first night exports all events, the second finds nothing new. For
each night the table shows the time, what the slowest key needs at its pace (its requests, as the emulator saw them, divided by the
rate), the ratio of the two, the fastest second of any key, and the peak memory. Then every log is verified, and its rows are compared
with the events. With --shards N, each night runs in N processes at once, which write to one archive. In the first night, one of them
is killed and started again; the killed run is not measured. A missed target is not a failure; a wrong archive is."""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import measure
from compare import machine
from server import free_port

KEY, ACCESS, SECRET = "fleet-key", "fleetaccess", "fleetsecret"
TIME_TARGET, MEMORY_TARGET, PACE_TARGET = 1.1, 256, 1.05


@dataclasses.dataclass
class Night:
    name: str
    wall: float
    memory: int
    requests: int
    needed: float
    """Seconds that the slowest key needs."""
    pace: float
    """The most starts in a second of any key, as a share of the rate."""

    def row(self) -> dict:
        return {
            "name": self.name, "seconds": round(self.wall, 1), "needed": round(self.needed, 1),
            "ratio": round(self.wall / max(self.needed, 1e-9), 3), "requests": self.requests, "pace": round(self.pace, 3),
            "memory_mb": round(self.memory / 1e6), "reached": self.wall <= TIME_TARGET * self.needed
            and self.memory <= MEMORY_TARGET * 1e6 and self.pace <= PACE_TARGET}


def fail(words: str):
    raise SystemExit(f"error: {words}")


def until(what: str, is_ready, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_ready():
            return
        time.sleep(0.1)
    fail(f"{what} did not start")


@contextlib.contextmanager
def process(command, **options):
    started = subprocess.Popen(list(map(str, command)), **options)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextlib.contextmanager
def emulator(options):
    end = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(1)
    window = [end - datetime.timedelta(options.days), end]
    command = [
        options.emulator, "--port", 0, "--organizations", options.organizations, "--further-keys", options.keys, "--api-key", KEY,
        "--generate", options.events, "--from", window[0].strftime("%Y-%m-%dT%H:%M:%SZ"), "--to", window[1].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "--rate-limit", 0]
    with process(command, stdout=subprocess.PIPE, text=True) as started:
        line = started.stdout.readline()
        if not line.startswith("listening on "):
            fail("the emulator did not start")
        yield line.split()[-1], window[0]


@contextlib.contextmanager
def store(weed, folder: pathlib.Path):
    """SeaweedFS with an empty bucket. Yields the archive and the environment of programs that use it; without weed, a folder."""
    if not weed:
        yield folder / "archive", {}
        return
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port",
             "s3.port.grpc", "admin.port"]
    ports = {name: free_port() for name in names}
    keys = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}
    command = [
        weed, "-logtostderr=true", "mini", f"-dir={folder / 'weed'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false",
        "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false", "-bucket=audit",
        *(f"-{name}={port}" for name, port in ports.items())]
    (folder / "weed").mkdir()
    url = f"http://127.0.0.1:{ports['s3.port']}"

    def is_ready():
        answer = subprocess.run(
            ["curl", "-sf", "-o", "/dev/null", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{ACCESS}:{SECRET}",
             f"{url}/audit?list-type=2"])
        return answer.returncode == 0

    with process(command, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "WEED_S3_SSE_KEY": "benchmark", **keys},
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until("SeaweedFS", is_ready)
        yield "s3://audit/fleet", {"AWS_ENDPOINT_URL_S3": url, "AWS_EC2_METADATA_DISABLED": "true", **keys}


def job(options, folder: pathlib.Path, archive, start) -> pathlib.Path:
    """Writes the keys and the job file."""
    for number in range(1, options.keys + 1):
        path = folder / f"key-{number}"
        path.write_text(f"{KEY}-{number}\n")
        path.chmod(0o600)
    lines = [
        f"archive: {archive}", f"backfill_start_time: {start.strftime('%Y-%m-%dT%H:%M:%SZ')}", f"format: [{options.format}]",
        f"max_requests_per_second: {options.rate}", f"parallel_logs: {options.parallel_logs}", f"memory_limit: {options.memory_limit}",
        f"scratch_dir: {folder / 'scratch'}", "logs:"]
    for number in range(1, options.organizations + 1):
        lines += [f"  - organization: org-{number}", f"    api_key_file: key-{(number - 1) % options.keys + 1}"]
    path = folder / "job.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def requests(url: str) -> list[dict]:
    with urllib.request.urlopen(f"{url}/emulator/requests/") as answer:
        return json.load(answer)


def shard(path: str, count: int) -> int:
    """The shard of the log that a request is about."""
    organization = path.strip("/").split("/")[-1]
    return int.from_bytes(hashlib.sha256(organization.encode()).digest()[:8], "big") % count


def seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def paces(asked: list[dict], rate: float, shards: int) -> tuple[float, float]:
    """What the slowest key needs, and the most starts of a key in about ten seconds, as a share of the rate. Each process
    paces its requests independently."""
    starts: dict[tuple, list[float]] = {}
    for request in asked:
        if request["key_number"] in (None, "0"):
            fail(f"a request has no key of its own: {request}")
        starts.setdefault((request["key_number"], shard(request["path"], shards)), []).append(seconds(request["time"]))
    needed, most = 0.0, 0.0
    for times in starts.values():
        times.sort()
        # The number of intervals in ten seconds, if there are so many. Over that time, delays on the way to the emulator hardly matter.
        count = max(1, min(round(10 * rate), len(times) - 1))
        needed = max(needed, (len(times) - 1) / rate)
        if count < 5:
            continue
        for first, last in zip(times, times[count:]):
            most = max(most, count / rate / max(last - first, 1e-9))
    return needed, most


def export(options, path, environment, part=None) -> measure.Run:
    command = [options.exporter, "export", "--quiet", "--config", path]
    return measure.run(command + (["--shard", part] if part else []), environment)


def night(name, options, path, url, environment, since: int, kills: bool) -> Night:
    if not options.shards:
        run = export(options, path, environment)
        wall, memory = run.wall, run.memory
    else:
        parts = [f"{index}/{options.shards}" for index in range(options.shards)]
        if kills:
            command = [options.exporter, "export", "--quiet", "--config", path, "--shard", parts[0]]
            killed = subprocess.Popen(list(map(str, command)), env={**os.environ, **environment})
            time.sleep(options.kill_after)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            since = len(requests(url))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(options.shards) as pool:
            runs = list(pool.map(lambda part: export(options, path, environment, part), parts))
        wall, memory = time.monotonic() - began, max(run.memory for run in runs)
    asked = [request for request in requests(url)[since:] if "/audit-log/" in request["path"]]
    needed, pace = paces(asked, options.rate, options.shards or 1)
    return Night(name, wall, memory, len(asked), needed, pace)


def check(options, path, environment):
    """Verifies every log, and compares its rows with the events."""
    environment = {**os.environ, **environment}
    for command in (["verify", "--quiet"], ["status", "--output-format", "jsonl"]):
        result = subprocess.run(
            [options.exporter, *command, "--config", path], env=environment, capture_output=True, text=True)
        if result.returncode:
            fail(f"{command[0]} ended with {result.returncode}: {result.stderr[-2000:]}{result.stdout[-2000:]}")
    rows = {}
    for line in result.stdout.splitlines()[:-1]:
        told = json.loads(line)
        if told["source"] in rows:
            fail(f"{told['source']} was reported twice")
        rows[told["source"]] = sum(partition["rows"] for partition in told["manifest"]["partitions"])
    if len(rows) != options.organizations:
        fail(f"{len(rows)} of {options.organizations} logs were reported")
    for log, count in rows.items():
        if count != options.events:
            fail(f"{log} has {count} of {options.events} events")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--organizations", type=int, default=200, help="default: 200; the goal is about 2000")
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--events", type=int, default=201, help="events of each organization; a round number could hide a truncated list")
    parser.add_argument("--days", type=int, default=7, help="the days of these events")
    parser.add_argument("--rate", type=float, default=1, help="requests per second of each key")
    parser.add_argument("--parallel-logs", type=int, default=16)
    parser.add_argument("--memory-limit", default="128MiB")
    parser.add_argument("--format", default="csv", help="formats, such as csv,delta")
    parser.add_argument("--weed", help="the program of SeaweedFS, for an archive in a bucket; default: a folder")
    parser.add_argument("--shards", type=int, help="the number of processes at once; each of them paces its requests independently")
    parser.add_argument("--kill-after", type=float, default=5, help="seconds until the first shard is killed")
    parser.add_argument("--json", help="a file for the results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as name, emulator(options) as (url, start):
        folder = pathlib.Path(name)
        (folder / "scratch").mkdir()
        with store(options.weed, folder) as (archive, variables):
            environment = {"CLOUDSMITH_API_HOST": url, **variables}
            path = job(options, folder, archive, start)
            nights, since = [], 0
            for index, name in enumerate(("first night", "nothing new")):
                print(f"{name}…", file=sys.stderr)
                nights.append(night(name, options, path, url, environment, since, kills=index == 0))
                since = len(requests(url))
            print("verify…", file=sys.stderr)
            check(options, path, environment)
    rows = [night.row() for night in nights]
    computer = machine()
    print(f"{options.organizations} organizations, {options.keys} keys, {options.events} events each, "
          f"{'SeaweedFS' if options.weed else 'folder'}, {options.parallel_logs} at once, {options.shards or 1} processes; "
          f"{computer['processor']}, {computer['cores']} cores")
    print(f"{'':14}{'seconds':>9}{'needed':>9}{'ratio':>7}{'requests':>10}{'pace':>7}{'MB':>6}")
    for row in rows:
        print(f"{row['name']:14}{row['seconds']:9}{row['needed']:9}{row['ratio']:7}{row['requests']:10}{row['pace']:7}"
              f"{row['memory_mb']:6}  {'reached' if row['reached'] else 'missed'}")
    print(f"Targets: ratio {TIME_TARGET}, pace {PACE_TARGET}, memory {MEMORY_TARGET} MB. Every log is verified and complete.")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"machine": computer, "options": vars(options), "nights": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
