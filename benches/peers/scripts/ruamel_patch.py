"""Patches by ruamel.yaml: the lines of `writ patch --batch` on standard input, its answers on standard output."""

import io
import json
import sys

from ruamel.yaml import YAML
from ruamel.yaml.util import load_yaml_guess_indent


def tokens(pointer):
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def key_of(node, token):
    if isinstance(node, list):
        return len(node) if token == "-" else int(token)
    return token


def like(old, new):
    """A text in the quotes of the one that it replaces."""
    if isinstance(new, str) and isinstance(old, str) and type(old) is not str and type(old).__module__.startswith("ruamel"):
        return type(old)(new)
    return new


def apply(root, operation):
    *path, last = tokens(operation["path"])
    for token in path:
        root = root[key_of(root, token)]
    last = key_of(root, last)
    if operation["op"] == "remove":
        del root[last]
    elif operation["op"] == "add" and isinstance(root, list):
        root.insert(last, operation["value"])
    elif last in (range(len(root)) if isinstance(root, list) else root):
        root[last] = like(root[last], operation["value"])
    else:
        root[last] = operation["value"]


def patched(job):
    with open(job["file"], encoding="utf-8", newline="") as file:
        text = file.read()
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    try:
        _, indent, offset = load_yaml_guess_indent(text, yaml=YAML())
        yaml.indent(mapping=2, sequence=indent or 2, offset=offset or 0)
    except Exception:
        pass
    yaml.explicit_start = text.startswith("---")
    documents = list(yaml.load_all(text))
    for operation in job["patch"]:
        apply(documents[job["document"]], operation)
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue()


for line in sys.stdin:
    job = json.loads(line)
    try:
        answer = {"id": job["id"], "ok": True, "output": patched(job)}
    except Exception as error:
        answer = {"id": job["id"], "ok": False, "error": str(error)}
    print(json.dumps(answer), flush=True)
