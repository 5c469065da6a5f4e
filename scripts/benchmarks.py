#!/usr/bin/env python3
"""Puts figures of `cleave bench --json` into the tables of a document, and leaves its words alone.

    cleave bench --json alloc client > figures.json
    scripts/benchmarks.py docs/reference/benchmarks.md figures.json...

A table's row whose first cell is the name of a benchmark, in backquotes, gets the figures of that
benchmark in the columns called `ours`, `baseline`, `ratio` and `goal`; a column in backquotes gets
the field of that name. Above a table with a column a benchmark stands how names are made of row and
column; columns that are called vs-... get the baseline's figure:

    <!-- rollback/{row}/{column} -->

Rows that were not measured stay as they are.
"""

import json
import re
import sys

UNITS = {
    "ns": [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")],
    "ms": [(1e3, "s"), (1, "ms"), (1e-3, "us")],
    "bytes": [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")],
    "bytes/s": [(1e9, "GB/s"), (1e6, "MB/s")],
}


def digits(value):
    """Three of them, without an exponent."""
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if "e" in text or float(text) >= 1000 else text


def figure(value, unit):
    for size, name in UNITS.get(unit, []):
        if value >= size * 0.9995:
            return f"{digits(value / size)} {name}"
    if unit.endswith("/s") and value >= 1e3:
        size, name = (1e6, "M") if value >= 1e6 else (1e3, "k")
        return f"{digits(value / size)} {name} {unit}"
    return f"{digits(value)} {unit}".strip()


def field(row, name):
    value = row[name]
    if name == "repeated":
        return f"{value:.0%}".replace("%", " %")
    timed = name in ("median", "baseline_median", "running", "committing", "in_the_cache")
    return value if isinstance(value, str) else figure(value, row["unit"] if timed else "")


def cell(row, column):
    """What stands in a column of a benchmark's row; None: not ours to say."""
    if column == "ours":
        return figure(row["median"], row["unit"])
    if column == "baseline":
        return figure(row["baseline_median"], row["unit"]) if row["baseline"] else "-"
    if column == "ratio":
        return digits(row["ratio"]) if row["baseline"] else "-"
    if column == "goal":
        return f"{'met' if row['met'] else '**missed**'}: {row['goal']}" if row["goal"] else ""
    name = column.strip("`")
    return field(row, name) if column.startswith("`") and name in row else None


def cells_of(line):
    return [c.strip() for c in line.strip().strip("|").split("|")]


class Table:
    """What is known of the table that the next line may belong to."""

    def __init__(self, pattern=None):
        self.pattern, self.columns = pattern, None

    def renewed(self, line, rows):
        cells = cells_of(line)
        before = list(cells)
        if self.columns is None:
            self.columns = cells
            return line
        if self.pattern:
            row = re.sub(r"[ ,]", "", cells[0].replace(", ", "/"))
            for i, column in enumerate(self.columns[1:], 1):
                name = column.strip("`")
                which = "baseline_median" if name.startswith("vs-") else "median"
                if found := rows.get(self.pattern.format(row=row, column=name)):
                    cells[i] = field(found, which)
        elif found := rows.get(cells[0].strip("`")):
            for i, column in enumerate(self.columns[1:], 1):
                text = cell(found, column)
                cells[i] = cells[i] if text is None else text
        if cells == before:
            return line
        return "|" + "|".join(f" {text} " if text else " " for text in cells) + "|\n"


def renewed(lines, rows):
    table = Table()
    for line in lines:
        if described := re.fullmatch(r"<!-- (\S*{row}\S*) -->\n", line):
            table = Table(described[1])
        elif not line.startswith("|"):
            table = Table() if table.columns else table
        elif not line.startswith("| ---"):
            line = table.renewed(line, rows)
        yield line


def rows_in(path):
    """Of a measurement that was cut short, even inside a row, the rows that are whole."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read().strip()
    if text and not text.startswith("["):
        sys.exit(f"{path}: these are no figures of cleave bench --json")
    rows, at, decoder = [], 1, json.JSONDecoder()
    while begin := re.compile(r"[\s,]*(?={)").match(text, at):
        try:
            row, at = decoder.raw_decode(text, begin.end())
        except json.JSONDecodeError:
            break  # Its end is not there.
        rows.append(row)
    return rows


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    document = sys.argv[1]
    rows = {row["name"]: row for path in sys.argv[2:] for row in rows_in(path)}
    with open(document, encoding="utf-8") as file:
        text = "".join(renewed(file.readlines(), rows))
    with open(document, "w", encoding="utf-8") as file:  # Only now: what fails leaves it alone.
        file.write(text)


if __name__ == "__main__":
    main()
