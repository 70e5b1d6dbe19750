#!/usr/bin/env python3
"""The flattening, written a second time: reads events and an archive with nothing but Python's own library, and compares.

It shares no code with the exporter. What both must agree on: schema audit-log-1, dialect csv-1, and the manifest.

  flatten.py rows  --events FILE…                    the rows as csv-1, sorted, once each
  flatten.py check --events FILE… --archive DIR --organization ORG [--repository REPO] [--from T] [--to T]
                                                     every cell of every row, and every hash and count of the manifest

FILE is a JSON array of records, or JSON lines that are arrays or records. Exit status: 0 equal, 1 different, 2 usage.
"""

import argparse
import datetime
import decimal
import gzip
import hashlib
import json
import math
import pathlib
import re
import sys

TEXT = """uuid event context actor actor_kind actor_slug_perm actor_url actor_ip_address
  object object_kind object_slug_perm target target_kind target_slug_perm""".split()
LOCATION_TEXT = ["continent", "country", "country_code", "city", "postal_code"]
LOCATION_NUMBERS = ["latitude", "longitude"]
COLUMNS = """uuid event_at event context actor actor_kind actor_slug_perm actor_url actor_ip_address
  actor_location_continent actor_location_country actor_location_country_code actor_location_city
  actor_location_postal_code actor_location_latitude actor_location_longitude object object_kind
  object_slug_perm target target_kind target_slug_perm additional_fields""".split()

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([-+])([0-9]{2}):([0-9]{2}))")
EPOCH = datetime.date(1970, 1, 1).toordinal()
DAY = 86_400 * 1_000_000
FIRST, LAST = (1 - EPOCH) * DAY, (datetime.date.max.toordinal() + 1 - EPOCH) * DAY - 1


# JSON ----------------------------------------------------------------------------------------------------------------

class Number(str):
    """A JSON number, as its text."""


def whole(text):
    """The characters of a JSON string; half a surrogate pair is U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def cleaned(value):
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [cleaned(element) for element in value]
    return value


def members(pairs):
    """An object; of duplicate members the last wins."""
    return {whole(name): cleaned(value) for name, value in pairs}


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def read_json(text):
    return cleaned(json.loads(
        text, object_pairs_hook=members, parse_int=Number, parse_float=Number, parse_constant=refuse))


def string_text(text):
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def canonical(value):
    """The one text of a value: members by code point, no white space, minimal escapes, numbers as received."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return "{" + ",".join(f"{string_text(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"


# Flattening ----------------------------------------------------------------------------------------------------------

def read_time(text):
    """Microseconds since 1970, digits beyond them cut off; None when it is not a time."""
    match = TIME.fullmatch(text) if isinstance(text, str) and not isinstance(text, Number) else None
    if not match:
        return None
    year, month, day, hour, minute, second = (int(group) for group in match.groups()[:6])
    fraction, sign, offset_hour, offset_minute = match.groups()[6:]
    if hour > 23 or minute > 59 or second > 60 or int(offset_hour or 0) > 23 or int(offset_minute or 0) > 59:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - EPOCH
    except ValueError:
        return None
    offset = (int(offset_hour or 0) * 60 + int(offset_minute or 0)) * (-1 if sign == "-" else 1)
    seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
    # All of a leap second is the beginning of the next minute.
    time = seconds * 1_000_000 + (0 if second == 60 else int(((fraction or "") + "000000")[:6]))
    return time if FIRST <= time <= LAST else None


def day_text(time):
    return datetime.date.fromordinal(time // DAY + EPOCH).isoformat()


def time_text(time):
    seconds, micros = divmod(time % DAY, 1_000_000)
    return f"{day_text(time)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}Z"


def number_text(value):
    """The shortest decimal that reads back, without an exponent."""
    text = format(decimal.Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_cell(value):
    """The cell of a text column, and whether the value could not stand in it."""
    if isinstance(value, (list, dict)):
        return None, True
    if value is None or isinstance(value, Number):
        return None if value is None else str(value), False
    if isinstance(value, bool):
        return canonical(value), False
    return value.replace("\0", "\ufffd"), False


def number_cell(value):
    if value is None:
        return None, False
    if isinstance(value, str) and NUMBER.fullmatch(value):
        number = float(value)
        if math.isfinite(number):
            return number_text(number), False
    return None, True


def flatten(record):
    """(time, row) of a record; None for one that belongs into quarantine."""
    if not isinstance(record, dict):
        return None
    time = read_time(record.get("event_at"))
    if time is None:
        return None
    row = dict.fromkeys(COLUMNS)
    extra = {name: value for name, value in record.items() if name not in TEXT + ["event_at", "actor_location"]}
    row["event_at"] = time_text(time)
    for name in TEXT:
        row[name], misfit = text_cell(record.get(name))
        if misfit:
            extra[name] = record[name]
    location = record.get("actor_location")
    if isinstance(location, dict):
        known = LOCATION_TEXT + LOCATION_NUMBERS
        inner = {name: value for name, value in location.items() if name not in known}
        for name in known:
            cell = text_cell if name in LOCATION_TEXT else number_cell
            row["actor_location_" + name], misfit = cell(location.get(name))
            if misfit:
                inner[name] = location[name]
        if inner:
            extra["actor_location"] = inner
    elif location is not None:
        extra["actor_location"] = location
    if not row["uuid"]:
        row["uuid"] = "sha256:" + hashlib.sha256(canonical(record).encode()).hexdigest()
    if extra:
        row["additional_fields"] = canonical(extra)
    return time, row


def read_events(paths):
    """The records of all files, each an array of records, or lines of arrays and records."""
    for path in paths:
        text = pathlib.Path(path).read_bytes().decode("utf-8")
        try:
            values = [read_json(text)]
        except json.JSONDecodeError:
            values = [read_json(line) for line in text.split("\n") if line.strip()]
        for value in values:
            yield from value if isinstance(value, list) else [value]


def expected_rows(paths, window):
    """Rows in order of (event_at, uuid), unique by uuid, inside the window; and how many records are unreadable."""
    rows, unreadable = {}, 0
    for record in read_events(paths):
        flat = flatten(record)
        if flat is None:
            unreadable += 1
        elif window[0] <= flat[0] < window[1]:
            rows.setdefault(flat[1]["uuid"], flat)
    return [flat for _, flat in sorted(rows.items(), key=lambda item: (item[1][0], item[0].encode()))], unreadable


# csv-1 ---------------------------------------------------------------------------------------------------------------

def field_text(value):
    if value is None:
        return ""
    if value == "" or re.search(r'[,"\r\n\\]', value) or value[0] in " \t#" or value[-1] in " \t":
        return '"' + value.replace('"', '""') + '"'
    return value


def row_text(row):
    return ",".join(field_text(row[column]) for column in COLUMNS) + "\n"


FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])')


def read_csv(text):
    """(row, its text) of csv-1: nothing is None, "" is the empty string; anything written otherwise is an error."""
    header = ",".join(COLUMNS) + "\n"
    if not text.startswith(header):
        raise ValueError("the header is not that of audit-log-1")
    position, cells, start = len(header), [], len(header)
    while position < len(text):
        match = FIELD.match(text, position)
        if not match:
            raise ValueError(f"character {position} is not csv-1")
        quoted, plain, end = match.groups()
        cells.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        position = match.end()
        if end == "\n":
            if len(cells) != len(COLUMNS):
                raise ValueError(f"a row has {len(cells)} cells, at character {start}")
            row = dict(zip(COLUMNS, cells))
            if row_text(row) != text[start:position]:
                raise ValueError(f"a row is not written as csv-1 writes it, at character {start}")
            yield row, text[start:position]
            cells, start = [], position
    if cells:
        raise ValueError("the last row has no end")


# Comparing -----------------------------------------------------------------------------------------------------------

class Differences:
    SHOWN = 20

    def __init__(self):
        self.count = 0

    def add(self, where, what):
        self.count += 1
        if self.count <= self.SHOWN:
            print(f"{where}: {what}")

    def equal(self, where, what, found, expected):
        if found != expected:
            self.add(where, f"{what} is {found!r}, not {expected!r}")


def check_partition(archive, partition, differences):
    """Reads a day's CSV parts, checking them against the manifest; returns its rows."""
    day, rows, texts = partition["event_date"], [], hashlib.sha256()
    csv_files = [file for file in partition["files"] if file["format"] == "csv"]
    for file in partition["files"]:
        path = archive / file["path"]
        if not path.is_file():
            differences.add(file["path"], "is missing")
            continue
        data = path.read_bytes()
        differences.equal(file["path"], "bytes", file["bytes"], len(data))
        differences.equal(file["path"], "sha256", file["sha256"], hashlib.sha256(data).hexdigest())
        if not re.search(r"\.r[0-9]{4,}-" + hashlib.sha256(data).hexdigest()[:8] + r"\.", path.name):
            differences.add(file["path"], "its name has not the first digits of its hash")
        if file["format"] != "csv":
            continue
        try:
            plain = gzip.decompress(data)
            part = list(read_csv(plain.decode("utf-8")))
        except (OSError, EOFError, ValueError) as error:
            differences.add(file["path"], f"cannot be read: {error}")
            continue
        differences.equal(file["path"], "uncompressed_bytes", file["uncompressed_bytes"], len(plain))
        check_extent(file["path"], file, [row for row, _ in part], differences)
        for row, text in part:
            texts.update(text.encode())
            rows.append(row)
    if csv_files or partition["rows"] == 0:
        check_extent(day, partition, rows, differences)
        if csv_files or partition.get("content_sha256") is not None:
            differences.equal(day, "content_sha256", partition["content_sha256"], texts.hexdigest())
    for row in rows:
        if row["event_at"][:10] != day:
            differences.add(day, f"holds an event of {row['event_at']}")
    keys = [(row["event_at"], row["uuid"].encode()) for row in rows]
    if keys != sorted(keys):
        differences.add(day, "is out of order")
    if len({row["uuid"] for row in rows}) != len(rows):
        differences.add(day, "has a uuid twice")
    return rows


def check_extent(where, entry, rows, differences):
    differences.equal(where, "rows", entry["rows"], len(rows))
    if rows:
        differences.equal(where, "min_event_at", entry["min_event_at"], min(row["event_at"] for row in rows))
        differences.equal(where, "max_event_at", entry["max_event_at"], max(row["event_at"] for row in rows))


def compare(day, found, expected, differences):
    """One day's rows of the archive with those that it should have."""
    found = {row["uuid"]: row for row in found}
    for _, row in expected:
        archived = found.pop(row["uuid"], None)
        if archived is None:
            differences.add(day, f"{row['uuid']} of {row['event_at']} is missing")
            continue
        for column in COLUMNS:
            if archived[column] != row[column]:
                differences.add(
                    day, f"{row['uuid']}: {column} is {archived[column]!r}, not {row[column]!r}")
    for uuid, row in found.items():
        differences.add(day, f"{uuid} of {row['event_at']} is not among the events")


def check(options, window):
    archive = pathlib.Path(options.archive)
    path = archive / "_manifest" / options.organization / (options.repository or "") / "manifest.json"
    manifest = json.loads(path.read_bytes())
    differences = Differences()
    differences.equal("manifest", "format", manifest["format"].split("/")[0], "cloudsmith-audit-export")
    differences.equal("manifest", "schema", manifest["schema"], "audit-log-1")
    differences.equal("manifest", "csv_dialect", manifest["csv_dialect"], "csv-1")
    days = [partition["event_date"] for partition in manifest["partitions"]]
    if len(set(days)) != len(days):
        differences.add("manifest", "lists a day twice")

    expected, unreadable = expected_rows(options.events, window)
    by_day = {}
    for time, row in expected:
        by_day.setdefault(day_text(time), []).append((time, row))
    compared = 0
    for partition in manifest["partitions"]:
        day = partition["event_date"]
        rows = check_partition(archive, partition, differences)
        inside = [row for row in rows if window[0] <= read_time(row["event_at"]) < window[1]]
        compare(day, inside, by_day.pop(day, []), differences)
        compared += len(inside)
    for day, rows in sorted(by_day.items()):
        differences.add(day, f"is not in the archive; it has {len(rows)} events")
    if differences.count:
        print(f"{differences.count} differences, in {compared} rows")
        return 1
    days = len({row["event_at"][:10] for _, row in expected})
    note = f"; {unreadable} unreadable records" if unreadable else ""
    print(f"{compared} rows in {days} days equal, every cell{note}")
    return 0


def instant(text):
    time = read_time(text + "T00:00:00Z" if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else text)
    if time is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2024-01-01T00:00:00Z")
    return time


def main():
    parser = argparse.ArgumentParser(description="The flattening, written a second time.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ["rows", "check"]:
        command = commands.add_parser(name)
        command.add_argument("--events", nargs="+", required=True)
        command.add_argument("--from", dest="start", type=instant, default=FIRST)
        command.add_argument("--to", type=instant, default=LAST + 1)
        if name == "check":
            command.add_argument("--archive", required=True)
            command.add_argument("--organization", required=True)
            command.add_argument("--repository")
    options = parser.parse_args()
    window = (options.start, options.to)
    if options.command == "check":
        return check(options, window)
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False)
    out.write(",".join(COLUMNS) + "\n")
    out.writelines(row_text(row) for _, row in expected_rows(options.events, window)[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
