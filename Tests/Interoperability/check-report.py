"""Holds a page of `report` to its promises, with the HTML parser of Python's library.

    check-report.py PAGE            its structure; what is written in it goes to stdout, as JSON
    check-report.py PAGE NETLOG     and a browser that showed it asked for nothing but the page
"""

import base64
import hashlib
import html.parser
import json
import re
import sys
import unicodedata

TAGS = set(
    """a b bdi body code dd desc details div dl dt footer g h1 h2 head header html i li main meta p rect circle path
    section small style summary svg table tbody td text th thead title tr ul wbr""".split()
)
VOID = {"meta", "wbr", "rect", "path", "circle"}
ATTRIBUTES = set(
    """aria-hidden aria-label aria-labelledby charset class content cx cy d height href http-equiv id lang name r role scope
    tabindex text-anchor viewbox width x y""".split()
)


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.wanted, self.metas = [], [], [], []
        self.texts, self.cells, self.style, self.rows, self.marks = [], [], "", [], []
        self.drawings = 0

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS, f"<{tag}>"
        values = dict(attributes)
        assert len(values) == len(attributes), f"<{tag}> has an attribute twice"
        assert set(values) <= ATTRIBUTES, f"<{tag}> has {set(values) - ATTRIBUTES}"
        assert values.get("href", "#").startswith("#"), values
        if tag == "svg" and values.get("aria-hidden") != "true":
            assert values["role"] == "img"
            self.drawings += 1
        if tag == "meta":
            self.metas.append(values)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "dd", "h1", "h2"):
            self.cells.append([tag, ""])
            if tag in ("td", "th"):
                self.rows[-1].append(self.cells[-1])
        self.ids += [values["id"]] if "id" in values else []
        self.wanted += values.get("aria-labelledby", "").split()
        self.marks.append((tag, sorted(values.items())))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open and self.open.pop() == tag, f"</{tag}>"

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
            return
        self.texts.append(data)
        if self.cells and any(tag in self.open for tag in ("td", "th", "dd", "h1", "h2")):
            self.cells[-1][1] += data

    def handle_comment(self, data):
        raise AssertionError("a comment")

    def handle_decl(self, declaration):
        assert declaration == "DOCTYPE html", declaration

    def handle_pi(self, data):
        raise AssertionError("a processing instruction")

    def unknown_decl(self, data):
        raise AssertionError("a declaration")


def check(text, from_browser=False):
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, page.open
    assert len(page.ids) == len(set(page.ids)), "an id twice"
    assert set(page.wanted) <= set(page.ids), set(page.wanted) - set(page.ids)
    for data in page.texts:
        for character in data:
            category = unicodedata.category(character)
            assert category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or character == "\n", ascii(data)
    policy = next(meta["content"] for meta in page.metas if meta.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    rules = [rule.strip() for rule in policy.split(";")]
    assert rules == ["default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'", "form-action 'none'"], rules
    assert not re.search(r"url\(|@import|expression|src:", page.style)
    assert page.drawings >= 1
    return page


def contrast():
    """The ratio of WCAG 2.2, 1.4.3, between two colours such as #1b1f23."""

    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    return lambda one, other: (max(light(one), light(other)) + 0.05) / (min(light(one), light(other)) + 0.05)


def check_colours(style):
    ratio = contrast()
    palettes = re.findall(r":root\{(--paper:[^}]*)", style)
    assert len(palettes) == 3, "light, dark and print"
    for palette in palettes:
        colour = {name: value for name, value in re.findall(r"--([a-z0-9]+):(#[0-9a-f]+)", palette)}
        colour = {name: value if len(value) == 7 else "#" + "".join(2 * d for d in value[1:]) for name, value in colour.items()}
        for name in ("ink", "soft", "wrong"):
            assert ratio(colour[name], colour["paper"]) >= 4.5, (name, colour)
        assert ratio(colour["a3"], colour["paper"]) >= 3, colour
        # The depths can be told from the paper and from each other.
        depths = [colour[name] for name in ("paper", "a1", "a2", "a3", "a4")]
        for one, other in zip(depths, depths[1:]):
            assert ratio(one, other) >= 1.3, (one, other, ratio(one, other))


def requests(path):
    with open(path, encoding="utf-8") as file:
        log = json.load(file)
    return {
        event["params"]["url"]
        for event in log["events"]
        if isinstance(event.get("params"), dict) and "url" in event["params"]
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    page = check(text)
    check_colours(page.style)
    if len(sys.argv) > 2:
        asked = requests(sys.argv[2])
        assert all(url.startswith("file://") for url in asked), asked
    values = [row for row in page.rows if len(row) >= 3]
    json.dump(
        {
            "cells": [value.strip() for _, value in page.cells],
            "rows": [[value.strip() for _, value in row] for row in values],
            "marks": len(page.marks),
            "drawings": page.drawings,
        },
        sys.stdout,
    )


main()
