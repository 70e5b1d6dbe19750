"""Pages of a made-up audit log, as the API would answer them, kept in a folder that is ignored by git."""

import datetime
import json
import mmap
import pathlib
import re
import shutil
import subprocess

PAGE_SIZE = 500


class Pages:
    """`events` events over the `days` whole days before today, newest first.

    `500/N.json` in the folder is page N; `1/1.json` is the newest event alone."""

    def __init__(self, cache: pathlib.Path, emulator: pathlib.Path, events: int, days: int, seed: int = 1):
        self.to = datetime.datetime.now(datetime.timezone.utc).date()
        self.start = self.to - datetime.timedelta(days=days)
        self.events, self.days = events, days
        self.total = -(-events // PAGE_SIZE)
        # The API keeps a year, so events have to be recent: what was made on another day is of no use any more.
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
        everything = new / "all.json"
        subprocess.run(
            [emulator, "--organization", "bench", "--generate", str(self.events), "--seed", str(seed),
             "--from", str(self.start), "--to", str(self.to), "--print-events", everything], check=True)
        with open(everything, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            # No record has objects in an array, and no string of the generator ends with a brace and a comma.
            starts = [1] + [match.start() + 2 for match in re.finditer(rb'\},\{"', text)] + [len(text)]
            assert len(starts) == self.events + 1, "the records cannot be told apart"
            for page in range(self.total):
                first, last = page * PAGE_SIZE, min((page + 1) * PAGE_SIZE, self.events)
                records = text[starts[first]:starts[last] - 1]
                (new / str(PAGE_SIZE) / f"{page + 1}.json").write_bytes(b"[" + records + b"]")
            (new / "1" / "1.json").write_bytes(b"[" + text[starts[0]:starts[1] - 1] + b"]")
        assert len(json.loads((new / str(PAGE_SIZE) / f"{self.total}.json").read_bytes())) == last - first
        everything.unlink()
        new.rename(self.folder)
