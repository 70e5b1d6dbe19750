"""The contenders: the exporter, its bounds, and the peers."""

import dataclasses
import pathlib
from collections.abc import Callable

from pages import PAGE_SIZE, Pages
from peers import PARQUET_PEERS, PEERS

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Contender:
    name: str
    kind: str
    """exporter, bound or peer."""
    command: Callable
    """Makes the command from the pages, their URL and the output folder."""
    level: int | None = None
    events: int | None = None
    """The number of events, if all would take too long."""
    together: bool = False
    """Whether the memory of its processes is added up."""
    writes: bool = True
    runs: list = dataclasses.field(default_factory=list)
    written: int = 0


def exporter(binary: pathlib.Path, level: int, options: list[str]):
    return lambda pages, address, out: [
        binary, "export", "--quiet", "--organization", "bench", "--archive", out, "--api-host", address,
        "--backfill-start-time", pages.start, "--retention", "1000d", "--max-requests-per-second", "unlimited",
        "--compression-level", level, *options]


def compressor(*words: str):
    return lambda pages, address, out: [*words, *sorted(out.glob("*.csv"))]


def curl(pages: Pages, address: str, out: pathlib.Path):
    return ["curl", "-sS", "-o", "/dev/null",
            f"{address}/audit-log/bench/?page=[1-{pages.total}]&page_size={PAGE_SIZE}"]


def contenders(arguments) -> list[Contender]:
    found = parquet(arguments) if arguments.parquet else csv(arguments)
    wanted = arguments.only.split(",") if arguments.only else None
    return [one for one in found if wanted is None or any(word in one.name for word in wanted)]


def parquet(arguments) -> list[Contender]:
    found = []
    for number, binary in enumerate([arguments.exporter, *arguments.also]):
        for formats in ("parquet", "csv,parquet", "csv"):
            name = f"exporter {formats}" if number == 0 else f"{binary} {formats}"
            options = ["--format", formats, *arguments.exporter_options.split()]
            found.append(Contender(name, "exporter", exporter(binary, 6, options), 6))
    return found + (peers(PARQUET_PEERS, arguments) if arguments.peers else [])


def peers(which, arguments) -> list[Contender]:
    return [
        Contender(
            peer.name, "peer", python(peer), peer.level,
            min(peer.events, arguments.events) if peer.events else None, peer.together)
        for peer in which
    ]


def csv(arguments) -> list[Contender]:
    found = []
    for number, binary in enumerate([arguments.exporter, *arguments.also]):
        for level in (6, 1):
            name = f"exporter -{level}" if number == 0 else f"{binary} -{level}"
            found.append(
                Contender(name, "exporter", exporter(binary, level, arguments.exporter_options.split()), level))
    found += [
        Contender("pigz -p1 -6", "bound", compressor("pigz", "-p1", "-6", "-k", "-f"), 6),
        Contender("gzip -6", "bound", compressor("gzip", "-6", "-k", "-f"), 6),
        Contender("libdeflate-gzip -6", "bound", compressor("libdeflate-gzip", "-6", "-k", "-f"), 6),
        Contender("pigz -p1 -1", "bound", compressor("pigz", "-p1", "-1", "-k", "-f"), 1),
        Contender("curl", "bound", curl, writes=False),
    ]
    return found + (peers(PEERS, arguments) if arguments.peers else [])


def python(peer):
    return lambda pages, address, out: [
        ".venv-bench/bin/python", HERE / "peers" / peer.script, address, out, peer.level or 0, pages.total, peer.format]
