"""Events with difficult values, as the API would list them.

    difficult_events.py first|second FIRST-DAY     prints the events of the first or the second night as a JSON array

In the first night, days 0 to 3 have events. In the second, day 0 is the same, day 1 has more events, day 2 other values, day 3 no
events, and day 4 is new.
"""

import datetime
import json
import sys

import flatten

TEXTS = [
    "", None, "plain", "NULL", "null", "None", r"\N", r"\n", r"\.", "\\.\n", "\n\\.\n", "one\n\\.\ntwo", "\\.\r\n",
    "a\r\n\\.\r\nb", "\\.\n\\.\n\\.", r'\"."', r"\\.", "\\", "\\\\", "ends in \\", '\\"', '"', '""', '"""',
    'a "word" inside', '","', '"\n"', ",", "a,b", ",,,", "'", "it''s'); drop table cloudsmith_audit_log; --", "$$",
    ":organization", ":'o'", "%s %(day)s {}", "\n", "\r", "\r\n", "\n\n", "one\ntwo", "one\r\ntwo", "one\rtwo", "\n,\n",
    " ", " leading", "trailing ", "\ttab\t", "\u00a0", "\u3000", "#", "# no comment", "nan", "NaN", "inf", "-0", "007",
    "1e5", "0x10", "true", "t", "2024-02-12", "é", "e\u0301", "😀", "👩‍👩‍👧", "שלום", "\u202eabc", "中文", "\u2028",
    "\u2029", "\u0085", "\ufeffbom", "\x01", "\x08", "\x1a", "\x7f", "\x00", "a\x00b", "\ufffd", "\ufffe", "{}", "[1,2]",
    '{"a": "b"}', "0123456789" * 100_000, 'say "it",\n' * 50_000]
NUMBERS = [
    None, "54.539600", "-5.975000", 0, -0.0, 0.1, 1 / 3, "90", "-180", 1e-7, 5e-324, 1.7976931348623157e308, "1e5",
    123456789.12345678]
NAMES = flatten.TEXT[1:]


def record_on(date, number, day, shift=0):
    """A record of a date, the day-th of its log. Over all numbers, each text occurs in each column, as do NULL and absent members."""
    at = f"{date}T{number % 24:02}:{number // 24:02}:07.{number * 7919 % 1_000_000:06}Z"
    found = {"uuid": f"{day}-{number:04}", "event_at": at, "actor_location": {}}
    for index, name in enumerate(NAMES):
        found[name] = TEXTS[(number + shift + index * 5) % len(TEXTS)]
        if len(found[name] or "") > 10_000 and index % 14:
            found[name] = "short"
    for index, name in enumerate(flatten.LOCATION_TEXT):
        found["actor_location"][name] = TEXTS[(number + shift + index * 11) % (len(TEXTS) - 2)]
    for index, name in enumerate(flatten.LOCATION_NUMBERS):
        found["actor_location"][name] = NUMBERS[(number + shift + index) % len(NUMBERS)]
    if number % 3 == 0:
        found["a new member"] = [TEXTS[(number + shift) % (len(TEXTS) - 2)], {"\\.\n": None}]
    if number % 7 == 0:
        del found[NAMES[number % len(NAMES)]]
    return found


def nights(first_day):
    """The events of both nights."""
    def events(day, numbers=range(len(TEXTS)), shift=0):
        date = first_day + datetime.timedelta(days=day)
        return [record_on(date, number, day, shift) for number in numbers]

    first = events(0) + events(1) + events(2) + events(3)
    second = events(0) + events(1) + events(1, range(500, 520)) + events(2, shift=13) + events(4)
    return {"first": first, "second": second}


def newest_first(records):
    return sorted(records, key=lambda found: (found["event_at"], found["uuid"]), reverse=True)


if __name__ == "__main__":
    json.dump(newest_first(nights(datetime.date.fromisoformat(sys.argv[2]))[sys.argv[1]]), sys.stdout)
