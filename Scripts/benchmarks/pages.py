"""Pages of a generated audit log, as the API would return them, in a folder that git ignores."""

import datetime
import json
import mmap
import pathlib
import re
import shutil
import subprocess

PAGE_SIZE = 500
# The number of events that the emulator generates at a time. A multiple of the page size.
SLICE = 2_000_000


class Pages:
    """`events` events over the `days` whole days before today, newest first.

    `500/N.json` in the folder is page N; `1/1.json` has only the newest event."""

    def __init__(self, cache: pathlib.Path, emulator: pathlib.Path, events: int, days: int, seed: int = 1):
        self.to = datetime.datetime.now(datetime.timezone.utc).date()
        self.start = self.to - datetime.timedelta(days=days)
        self.events, self.days = events, days
        self.total = -(-events // PAGE_SIZE)
        # The API keeps events for a year, so they must be recent. Do not reuse pages from another day.
        for old in cache.glob("pages-*"):
            if not old.name.startswith(f"pages-{self.to}-"):
                shutil.rmtree(old)
        self.folder = cache / f"pages-{self.to}-{events}-{days}-{seed}"
        if not self.folder.exists():
            self._make(emulator, seed)
        self.bytes = sum(page.stat().st_size for page in (self.folder / str(PAGE_SIZE)).iterdir())

    def _make(self, emulator: pathlib.Path, seed: int):
        new = self.folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        for size in (1, PAGE_SIZE):
            (new / str(size)).mkdir(parents=True)
        # In slices, newest first, because the emulator cannot write files of more than 2 GiB well.
        slices = -(-self.events // SLICE)
        seconds = self.days * 86_400
        start = datetime.datetime.combine(self.start, datetime.time())
        made = 0
        for number in range(slices):
            count = min(SLICE, self.events - made)
            times = [start + datetime.timedelta(seconds=seconds * (self.events - done) // self.events)
                     for done in (made + count, made)]
            text = new / "slice.json"
            subprocess.run(
                [emulator, "--organization", "bench", "--generate", str(count), "--seed", str(seed + number),
                 "--from", f"{times[0].isoformat()}Z", "--to", f"{times[1].isoformat()}Z", "--print-events", text],
                check=True)
            cut(text, count, new / str(PAGE_SIZE), made // PAGE_SIZE)
            text.unlink()
            made += count
        newest = json.loads((new / str(PAGE_SIZE) / "1.json").read_bytes())[0]
        (new / "1" / "1.json").write_text(json.dumps([newest], ensure_ascii=False, separators=(",", ":")))
        new.rename(self.folder)


def cut(text: pathlib.Path, count: int, folder: pathlib.Path, pages: int):
    """Splits an array of records into pages. The first one follows this many other pages."""
    with open(text, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as array:
        # No record has objects in an array, and no string of the generator ends with a brace and a comma.
        starts = [1] + [match.start() + 2 for match in re.finditer(rb'\},\{"', array)] + [len(array)]
        assert len(starts) == count + 1, "cannot find the boundaries of the records"
        for first in range(0, count, PAGE_SIZE):
            pages += 1
            last = min(first + PAGE_SIZE, count)
            (folder / f"{pages}.json").write_bytes(b"[" + array[starts[first]:starts[last] - 1] + b"]")
