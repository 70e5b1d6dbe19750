"""What else can do the job, each a script of its own, run as: SCRIPT ADDRESS FOLDER LEVEL PAGES."""

import dataclasses


@dataclasses.dataclass
class Peer:
    name: str
    script: str
    level: int | None = None
    events: int | None = None
    """How many events it is given, where more would take too long."""
    together: bool = False
    """Its processes are looked at together, for memory."""


PEERS = []
