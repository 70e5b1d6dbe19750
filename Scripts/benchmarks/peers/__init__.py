"""The peers: other programs that can do the same job. Each is a script: SCRIPT ADDRESS FOLDER LEVEL PAGES FORMAT."""

import dataclasses


@dataclasses.dataclass
class Peer:
    name: str
    script: str
    level: int | None = None
    events: int | None = None
    """The number of events, if all would take too long."""
    together: bool = False
    """Whether the memory of its processes is added up."""
    format: str = "csv"


PEERS = [
    Peer("Python by hand", "by_hand.py", 6, together=True),
    Peer("DuckDB", "in_duckdb.py", 6),
    Peer("polars", "in_polars.py", 6),
    Peer("ClickHouse -6", "in_clickhouse.py", 6),
    Peer("ClickHouse -1", "in_clickhouse.py", 1),
    Peer("Airbyte", "in_airbyte.py", 6, 100_000, together=True),
    Peer("dlt", "in_dlt.py", 6, 100_000),
    Peer("Singer", "in_singer.py", 6, 100_000, together=True),
]

# All use zstd, at their default level.
PARQUET_PEERS = [
    Peer("Python by hand, pyarrow", "by_hand.py", format="parquet", together=True),
    Peer("DuckDB, Parquet", "in_duckdb.py", format="parquet"),
    Peer("polars, Parquet", "in_polars.py", format="parquet"),
    Peer("ClickHouse, Parquet", "in_clickhouse.py", format="parquet"),
]
