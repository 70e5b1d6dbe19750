"""Compares redacted archives with unredacted ones of the same log, and searches them for what must not be in them.

    redaction.py events first|second FIRST-DAY       the events of difficult_events.py, with secrets in the columns of POLICY, with
                                                     values of unexpected types, without uuids, and records that are no events
    redaction.py policy                              the policy, as --redact takes it
    redaction.py compare PLAIN REDACTED KEY-FILE     every cell of the CSV parts, by Python's own hmac and ipaddress
    redaction.py search KEY-FILE PLACE…              every file, and what compressed and Parquet files contain

Prints a line for each difference or find, and nothing if there is none.
"""

import datetime
import hmac
import ipaddress
import json
import pathlib
import re
import sys
import zlib

import difficult_events
import flatten
import read_table

HASHED = ["actor", "actor_slug_perm", "object"]
DROPPED = ["actor_url"]
POLICY = {name: "hash" for name in HASHED} | {name: "drop" for name in DROPPED} | {
    "actor_ip_address": "truncate", "actor_location": "drop"}
SECRET = "secret-7Q"
ADDRESSES = [
    "203.0.113.77", "2001:db8:1:2::5ec", "::ffff:198.51.100.5", "2002:c633:6405::1", f"{SECRET}, no address", "", None, "1.2.3"]
# As addresses, and as the exporter writes networks of other lengths.
SECRETS = [SECRET, "203.0.113.77", "2001:db8:1:2", "198.51.100.5", "c633:6405"]


# Events --------------------------------------------------------------------------------------------------------------

def mark(number, record):
    """Replaces the values of redacted columns by secrets."""
    for name in HASHED + DROPPED:
        if isinstance(record.get(name), str) and len(record[name]) < 10_000:
            record[name] = f"{SECRET} {record[name]}" if number % 9 else f"{SECRET} {number % 4}"
    record["actor_ip_address"] = ADDRESSES[number % len(ADDRESSES)]
    location = record["actor_location"]
    for name, value in location.items():
        location[name] = f"{SECRET} {value}" if isinstance(value, str) and name in flatten.LOCATION_TEXT else value
    if number % 5 == 0:
        location["time_zone"] = SECRET
    if number % 11 == 0:
        record["actor"] = {"slug": SECRET}
    if number % 13 == 0:
        record["actor_location"] = SECRET
    if number % 17 == 0:
        location["latitude"] = [SECRET]
    if number % 19 == 0:
        del record["uuid"]
    return record


def events(night, first_day):
    records = difficult_events.newest_first(difficult_events.nights(first_day)[night])
    bad = [{"uuid": "bad-1", "actor": SECRET}, {"uuid": "bad-1", "actor": f"{SECRET} 2"}, [SECRET], SECRET, {SECRET: 1}]
    return [mark(number, record) for number, record in enumerate(records)] + bad


# Comparing -----------------------------------------------------------------------------------------------------------

def hashed(key, text):
    return None if text is None else hmac.digest(key, text.encode(), "sha256").hex()[:32]


def network(text):
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    if "%" in text:
        return None
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    length = 24 if address.version == 4 else 40 if text.startswith("2002:") else 48
    return str(ipaddress.ip_network((address, length), strict=False).network_address)


def extras(text):
    members = json.loads(text or "{}")
    return {name: value for name, value in members.items() if name not in POLICY} or None


def redacted(key, row):
    """The cells that the redacted archive must have."""
    row = dict(zip(read_table.COLUMNS, row))
    for name in row:
        if name in HASHED:
            row[name] = hashed(key, row[name])
        elif name in DROPPED or name.startswith("actor_location_"):
            row[name] = None
    row["actor_ip_address"] = network(row["actor_ip_address"])
    row["additional_fields"] = extras(row["additional_fields"])
    if re.fullmatch("sha256:[0-9a-f]{64}", row["uuid"]):
        row["uuid"] = f"hmac-sha256:{hashed(key, row['uuid'])}"
    return row


def compare(plain, other, key):
    rows = [list(read_table.csv_rows(place)) for place in (plain, other)]
    if len(rows[0]) != len(rows[1]) or len(rows[0]) < 100:
        print(f"{len(rows[1])} rows, not {len(rows[0])}")
    for number, (row, found) in enumerate(zip(*rows)):
        found = dict(zip(read_table.COLUMNS, found))
        if found["additional_fields"] is not None:
            found["additional_fields"] = json.loads(found["additional_fields"])
        for name, wanted in redacted(key, row).items():
            if found[name] != wanted:
                print(f"row {number}, {name}: {found[name]!r:.200}, not {wanted!r:.200}")


# Searching -----------------------------------------------------------------------------------------------------------

def contents(path):
    """The contents of a file, in each way of reading it. A file of a killed run may be truncated."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".parquet" and data.endswith(b"PAR1"):
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path, partitioning=None)
        yield "\n".join(map(str, table.to_pydict().values())).encode("utf-8", "surrogatepass")
    text, rest = b"", data
    while rest.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(31)
        try:
            text += member.decompress(rest) + member.flush()
        except zlib.error:
            break
        rest = member.unused_data
    yield text


def search(key, places):
    needles = [text.encode() for text in SECRETS] + [key]
    files = 0
    for place in map(pathlib.Path, places):
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if not path.is_file():
                continue
            files += 1
            for content in contents(path):
                for needle in needles:
                    if needle in content or needle in str(path).encode():
                        print(f"{path}: {'the key' if needle == key else needle.decode()}")
    if not files:
        print("there is no file")


def read_key(path):
    return pathlib.Path(path).read_text().strip().encode()


def main():
    command, *arguments = sys.argv[1:]
    if command == "events":
        json.dump(events(arguments[0], datetime.date.fromisoformat(arguments[1])), sys.stdout)
    elif command == "policy":
        print(",".join(f"{name}={method}" for name, method in POLICY.items()))
    elif command == "compare":
        compare(*arguments[:2], read_key(arguments[2]))
    elif command == "search":
        search(read_key(arguments[0]), arguments[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
