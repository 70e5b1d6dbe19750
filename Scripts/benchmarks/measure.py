"""Runs a command and measures it with the resource usage that the system reports.

As a program (`measure.py COMMAND…`), it is the small process that starts the command. It must be small, because a new process
starts with the peak memory of its parent: no result is below 13 MB. It prints the results on stderr at the end."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time


@dataclasses.dataclass
class Run:
    wall: float
    """Seconds from start to end."""
    cpu: float
    """User and system seconds of the process and its descendants."""
    memory: int
    """The peak memory of the largest process, in bytes; of all processes together if `together`."""
    written: int = 0
    """Bytes that the process and its descendants wrote to disk, in whole pages. A file system in memory counts none."""


def run(command, environment=None, together=False) -> Run:
    launched = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *map(str, command)], env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watch = Watch(launched.pid) if together else None
    said = launched.communicate()[1].decode()
    lines = said.splitlines()
    if launched.returncode != 0 or not lines:
        raise SystemExit(f"{said}error: this command failed: {' '.join(map(str, command))[:500]}")
    wall, cpu, memory, written = json.loads(lines[-1])
    return Run(wall, cpu, max(memory, watch.stop()) if watch else memory, written)


def launch(command):
    began = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - began
    # Linux counts output in units of 512 bytes, from the same counter as write_bytes in /proc/PID/io.
    figures = [wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, usage.ru_oublock * 512]
    print(f"\n{json.dumps(figures)}", file=sys.stderr)
    return os.waitstatus_to_exitcode(status)


class Watch(threading.Thread):
    """Samples the private memory of a process and its descendants ten times per second, and adds it up."""

    def __init__(self, root: int):
        super().__init__(daemon=True)
        self.root, self.peak, self.ended = root, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.1):
            self.peak = max(self.peak, self._resident(self.root))

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.peak

    def _resident(self, process: int) -> int:
        try:
            with open(f"/proc/{process}/statm") as file:
                _, resident, shared, *_ = map(int, file.read().split())
            with open(f"/proc/{process}/task/{process}/children") as file:
                children = file.read().split()
        except (OSError, ValueError):
            return 0
        own = (resident - shared) * os.sysconf("SC_PAGE_SIZE")
        return own + sum(self._resident(int(child)) for child in children)


if __name__ == "__main__":
    sys.exit(1 if launch(sys.argv[1:]) else 0)
