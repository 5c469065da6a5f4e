#!/usr/bin/env python3
"""Draws how costs grow, from the figures of `cleave bench --json scale`.

    cleave bench --json scale | scripts/curves.py docs/images/curves.svg

A panel a question, both axes logarithmic, each line named at its end.
"""

import json
import math
import sys

PANELS = [  # title, unit of the x axis, {curve: name}
    ("By the size reserved, 64 MiB of it in use", "bytes", {
        "size/fork": "fork", "size/first-write": "first write", "size/diff": "diff",
        "size/commit/async": "commit, async", "size/commit/sigbus": "commit, sigbus"}),
    ("By the pages changed, of 1 GiB", "pages", {
        "changes/write": "write", "changes/commit": "commit", "changes/revert": "revert",
        "changes/diff": "diff"}),
    ("By the commits or spaces alive", "alive", {
        "commits/commit": "commit", "commits/half-way-back-and-forth": "checkout, there and back",
        "spaces/fork": "fork"}),
    ("By the threads in one space, a store's share", "threads", {
        "threads/first-write": "first write", "threads/store": "store"}),
]
COLOURS = ["#2a78d6", "#1baf7a", "#b97a00", "#4a3aa7", "#e34948"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 280, 56, 116, 34, 40

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #3b3b38 }
.title { font-weight: 600; fill: #0b0b0b }
.grid { stroke: #d8d7d2 } .line { fill: none; stroke-width: 2 }
.back { fill: #fcfcfb }
@media (prefers-color-scheme: dark) {
  text { fill: #c3c2b7 } .title { fill: #fff } .grid { stroke: #44433f } .back { fill: #1a1a19 }
}
"""


def time(nanoseconds):
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= factor:
            return f"{nanoseconds / factor:g} {unit}"
    return f"{nanoseconds:g} ns"


def number(value, unit):
    steps = [("Gi", 2**30), ("Mi", 2**20)] if unit == "bytes" else [("M", 1e6), ("k", 1e3)]
    for name, factor in steps:
        if value >= factor:
            return f"{value / factor:g} {name}{'B' if unit == 'bytes' else ''}"
    return f"{value:g}"


class Axis:
    """From the logarithm of a value to where it is drawn."""

    def __init__(self, values, start, end):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        self.start, self.end = start, end

    def at(self, value):
        share = (math.log10(value) - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)


def apart(ends):
    """Names at the ends of lines, each at least a line of text below the one above."""
    placed = []
    for y, name, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + 14 if placed else y), name, colour))
    return placed


def panel(title, unit, curves, points, x0, y0):
    lines = [(name, sorted(points[curve])) for curve, name in curves.items() if curve in points]
    if not lines:
        return ""
    every = [at for _, line in lines for at in line]
    low = 10 ** math.floor(math.log10(min(y for _, y in every)))
    high = 10 ** math.ceil(math.log10(max(y for _, y in every)))
    across = Axis([x for x, _ in every], x0 + LEFT, x0 + WIDTH - RIGHT)
    up = Axis([low, high], y0 + HEIGHT - BOTTOM, y0 + TOP)
    out = [f'<text class="title" x="{x0 + LEFT}" y="{y0 + 18}">{title}</text>']
    step = low
    while step <= high * 1.01:
        y = up.at(step)
        out.append(f'<path class="grid" d="M{across.start} {y:.1f}H{across.end}"/>'
                   f'<text x="{across.start - 6}" y="{y + 4:.1f}" text-anchor="end">{time(step)}</text>')
        step *= 10
    xs = sorted({x for x, _ in every})
    for x in xs if len(xs) <= 4 else xs[::2]:
        out.append(f'<text x="{across.at(x):.1f}" y="{up.start + 18}" text-anchor="middle">'
                   f'{number(x, unit)}</text>')
    ends = []
    for (name, line), colour in zip(lines, COLOURS):
        path = "L".join(f"{across.at(x):.1f} {up.at(y):.1f}" for x, y in line)
        out.append(f'<path class="line" stroke="{colour}" d="M{path}"/>')
        out += [f'<circle cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="3" fill="{colour}"/>'
                for x, y in line]
        ends.append((up.at(line[-1][1]), name, colour))
    for y, name, colour in apart(ends):
        out.append(f'<circle cx="{across.end + 12}" cy="{y:.1f}" r="4" fill="{colour}"/>'
                   f'<text x="{across.end + 20}" y="{y + 4:.1f}">{name}</text>')
    return "\n".join(out)


def draw(rows):
    points = {}
    for row in rows:
        if "curve" in row and row["unit"] == "ns":
            points.setdefault(row["curve"], []).append((row["at"], row["median"]))
    panels = [panel(*what, points, i % 2 * WIDTH, i // 2 * HEIGHT) for i, what in enumerate(PANELS)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {2 * HEIGHT}" '
            f'role="img" aria-label="How costs grow"><style>{STYLE}</style>'
            f'<rect class="back" width="100%" height="100%"/>\n' + "\n".join(panels) + "\n</svg>\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(draw(json.load(sys.stdin)))
