"""Tells what three readers of YAML make of documents: PyYAML, libyaml and ruamel.yaml (1.2).

    read-yaml.py FILE      a JSON list of texts in; a JSON list of three trees each out, null for what is refused

The structure, the places and the text of scalars are the readers'; what a plain scalar is says the core schema of YAML 1.2
(10.3.2), here, because the first two go by that of 1.1.
"""

import json
import pathlib
import re
import sys

import ruamel.yaml
import yaml

CORE = (
    ("empty", r"null|Null|NULL|~|"),
    ("boolean", r"true|True|TRUE|false|False|FALSE"),
    ("integer", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("number", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"),
)


def told(node):
    place = f"@{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    if node.id == "sequence":
        return f"list{place}[" + "".join(told(item) + ";" for item in node.value) + "]"
    if node.id == "mapping":
        return f"mapping{place}{{" + "".join(f"{told(key)}: {told(value)};" for key, value in node.value) + "}"
    text = node.value
    kind = "text"
    if node.style in (None, ""):
        kind = next((kind for kind, words in CORE if re.fullmatch(words, text, re.ASCII)), "text")
    if kind == "empty":
        return kind
    if kind == "text":
        return f"text{place} {len(text)} {text}"
    return f"{kind}{place} {text.lower() if kind == 'boolean' else text}"


def tree(compose, text):
    try:
        node = compose(text)
    except (yaml.YAMLError, ruamel.yaml.error.YAMLError, ValueError):
        return None
    if node is None or (node.id == "scalar" and node.style in (None, "") and node.value == ""):
        return "nothing"
    return told(node).encode("utf-8", "replace").decode()


readers = (
    lambda text: yaml.compose(text, Loader=yaml.SafeLoader),
    lambda text: yaml.compose(text, Loader=yaml.CSafeLoader),
    lambda text: ruamel.yaml.YAML(typ="safe", pure=True).compose(text),
)
json.dump([[tree(reader, text) for reader in readers] for text in json.loads(pathlib.Path(sys.argv[1]).read_text())], sys.stdout)
