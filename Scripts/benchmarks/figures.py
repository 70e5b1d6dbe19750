"""Summarizes the runs of all contenders: medians, ratios, a table."""

import statistics

from contenders import Contender


def figures(contender: Contender, events: int) -> dict:
    def middle(name):
        return statistics.median(getattr(run, name) for run in contender.runs)

    events, wall, cpu = contender.events or events, middle("wall"), middle("cpu")
    return {
        "name": contender.name, "kind": contender.kind, "level": contender.level, "events": events,
        "wall_seconds": round(wall, 3), "cpu_seconds": round(cpu, 3),
        "events_per_second": round(events / wall), "events_per_cpu_second": round(events / cpu),
        "peak_memory_bytes": max(run.memory for run in contender.runs), "output_bytes": contender.written,
        "runs": [{"wall": round(run.wall, 3), "cpu": round(run.cpu, 3)} for run in contender.runs],
    }


def ratios(found: list[Contender], events: int) -> dict:
    """The ratio of the exporter's seconds per event to those of each other contender.

    For a bound, another build or another level: how many times as much the exporter `needs`. For a peer: how many times as
    much the peer needs. Each is the median of the ratios of all rounds, so a machine that becomes slower changes little."""

    def ratio(one: Contender, other: Contender) -> dict:
        share = (one.events or events) / (other.events or events)

        def median(name):
            rounds = zip(one.runs, other.runs)
            return round(statistics.median(getattr(a, name) / getattr(b, name) / share for a, b in rounds), 3)

        return {"cpu": median("cpu"), "wall": median("wall")}

    return {
        own.name: {
            "wall_to_cpu": round(statistics.median(run.wall / run.cpu for run in own.runs), 3),
            "needs": {one.name: ratio(own, one) for one in found if one is not own and one.kind != "peer"},
            "peers_need": {one.name: ratio(one, own) for one in found if one.kind == "peer"},
        }
        for own in found if own.kind == "exporter"
    }


def table(result: dict) -> str:
    lines = [
        "| | events | wall s | CPU s | events/s wall | events/s per CPU s | peak MB | output MB |",
        "|" + " --- |" * 8,
    ]
    for row in result["contenders"]:
        output = f"{row['output_bytes'] / 1e6:.1f}" if row["output_bytes"] else "–"
        lines.append(
            f"| {row['name']} | {row['events']:,} | {row['wall_seconds']:.2f} | {row['cpu_seconds']:.2f} "
            f"| {row['events_per_second']:,} | {row['events_per_cpu_second']:,} "
            f"| {row['peak_memory_bytes'] / 1e6:,.0f} | {output} |")
    for name, own in result["ratios"].items():
        lines += ["", f"{name}: its wall is {own['wall_to_cpu']:.2f} of its CPU; it needs"]
        for other, ratio in own["needs"].items():
            lines.append(f"  {ratio['cpu']:6.2f} × the CPU and {ratio['wall']:6.2f} × the wall of {other}")
        for other, ratio in own["peers_need"].items():
            lines.append(f"  {other} needs {ratio['cpu']:.2f} × its CPU and {ratio['wall']:.2f} × its wall")
    return "\n".join(lines)
