"""Draws the results of compare.py as an SVG, with bars for time and CPU. Colors follow the reader's light or dark mode."""

import json
import sys
from xml.sax.saxutils import escape

ROW, TOP, LEFT, RIGHT, WIDTH = 34, 64, 150, 170, 800

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .note { fill: #59636e }
  .own { font-weight: 600 }
  .wall { fill: #0969da } .cpu { fill: #54aeff } .bound { opacity: .45 }
  line { stroke: #8c959f; stroke-opacity: .35 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 }
    .wall { fill: #58a6ff } .cpu { fill: #1f5fa8 }
  }
"""


def draw(figures: dict) -> str:
    million = 1_000_000
    rows = sorted(
        ({"name": row["name"] + ("*" if row["events"] < figures["events"] else ""), "kind": row["kind"], "memory": row["peak_memory_bytes"],
          "wall": row["wall_seconds"] / row["events"] * million, "cpu": row["cpu_seconds"] / row["events"] * million}
         for row in figures["contenders"]),
        key=lambda row: row["wall"])
    longest = max(max(row["wall"], row["cpu"]) for row in rows)
    # A bar that is many times as long as the others is cut off. Its number shows the real length.
    usual = sorted(max(row["wall"], row["cpu"]) for row in rows)[int(len(rows) * 0.75)]
    limit = longest if longest < 2.5 * usual else 1.6 * usual
    scale = (WIDTH - LEFT - RIGHT) / limit
    height = TOP + ROW * len(rows) + 34
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>Seconds for a million events</title><style>{STYLE}</style>",
        f'<text class="title" x="16" y="24">Seconds for a million events, from the API\'s pages to {figures["days"]} daily csv.gz</text>',
        f'<rect class="wall" x="{LEFT}" y="38" width="10" height="10"/><text x="{LEFT + 16}" y="47">wall</text>',
        f'<rect class="cpu" x="{LEFT + 60}" y="38" width="10" height="10"/><text x="{LEFT + 76}" y="47">CPU</text>',
        f'<text class="note" x="{LEFT + 120}" y="47">pale: a part of the job alone · at the end: seconds of each, and memory</text>',
        f'<line x1="{LEFT}" x2="{LEFT}" y1="{TOP - 6}" y2="{TOP + ROW * len(rows)}"/>',
    ]
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        own = " own" if row["kind"] == "exporter" else ""
        pale = " bound" if row["kind"] == "bound" else ""
        out.append(f'<text class="name{own}" x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(row["name"])}</text>')
        end = 0.0
        for offset, name in ((2, "wall"), (13, "cpu")):
            length = min(row[name], limit) * scale
            end = max(end, length)
            out.append(f'<rect class="{name}{pale}" x="{LEFT}" y="{y + offset}" width="{length:.1f}" height="10" rx="1.5"/>')
        cut = "… " if max(row["wall"], row["cpu"]) > limit else ""
        out.append(
            f'<text class="note" x="{LEFT + end + 6:.1f}" y="{y + 17}">'
            f'{cut}{row["wall"]:.1f} · {row["cpu"]:.1f} s · {row["memory"] / 1e6:,.0f} MB</text>')
    machine = figures["machine"]
    fewer = {row["events"] for row in figures["contenders"] if row["events"] < figures["events"]}
    scaled = "".join(f"; *: scaled from {events:,.0f} events" for events in fewer)
    out.append(
        f'<text class="note" x="16" y="{height - 12}">{escape(machine["processor"])}, {machine["cores"]} cores, '
        f'{figures["date"]}; medians of {figures["rounds"]} rounds{scaled}</text>')
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        picture = draw(json.load(file))
    with open(sys.argv[2], "w") as file:
        file.write(picture)
