"""Reads a csv.gz part on standard input with Python's own gzip and csv; prints its rows, header first, as JSON.

A row is the list of its cells as text. `csv` does not tell NULL from the empty text: both are "". Cells of columns whose
name ends in "tude" become the 64 bits of their number, in hex.
"""

import csv
import gzip
import json
import struct
import sys

csv.field_size_limit(sys.maxsize)
with gzip.open(sys.stdin.buffer, mode="rt", encoding="utf-8", errors="strict", newline="") as text:
    rows = list(csv.reader(text, dialect="excel", lineterminator="\n", strict=True))
numbers = [index for index, name in enumerate(rows[0]) if name.endswith("tude")]
for row in rows[1:]:
    for index in numbers:
        if row[index]:
            row[index] = struct.pack(">d", float(row[index])).hex()
json.dump(rows, sys.stdout)
