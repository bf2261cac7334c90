"""Reads YAML files as PyYAML does: one line of JSON for each path on standard input, its documents as a list.

Plain times are read as text, as Kubernetes reads them. What JSON has no words for is told by its type.
"""

import json
import sys

import yaml


def plain(value):
    if isinstance(value, dict):
        return {key if isinstance(key, str) else f"!{key!r}": plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return value
    return {"!": type(value).__name__, "is": str(value)}


class Loader(yaml.SafeLoader):
    """PyYAML's own, but for times."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, words) for tag, words in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8", newline="") as file:
        print(json.dumps([plain(document) for document in yaml.load_all(file, Loader)]))
