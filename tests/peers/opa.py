"""Evaluates Rego in the Open Policy Agent, in one process: the second opinion on writ's policies.

Reads one JSON object from standard input: `modules` (file name to text), `inputs` (a list), `queries` (a list of
rules below `data`, such as `writ.no_secrets.deny`). Writes for each input a list with the value of each query;
`null` where it is undefined. Exit 1 with the error when a module does not compile or a query fails.

The library is loaded with ctypes: its own Python layer wants a newer Python than the machines have.
"""

import ctypes
import glob
import json
import os
import sys


def library():
    pattern = os.path.join(sys.prefix, "lib", "*", "site-packages", "opa_bindings", "libopabridge.so")
    lib = ctypes.CDLL(glob.glob(pattern)[0])
    lib.OpaNew.restype = ctypes.c_uint64
    lib.OpaFreeString.argtypes = [ctypes.c_void_p]
    for name, numbers in (("OpaAddPolicy", 0), ("OpaEvalDocument", 2)):
        function = getattr(lib, name)
        function.restype = ctypes.c_void_p
        function.argtypes = [ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p] + [ctypes.c_int] * numbers
    return lib


def answer(lib, pointer, what):
    """The result of a call, whose text is freed after copying."""
    text = ctypes.string_at(pointer)
    lib.OpaFreeString(pointer)
    envelope = json.loads(text)
    if envelope.get("error"):
        sys.exit(f"{what}: {envelope['error']}")
    return envelope.get("result")


def main():
    asked = json.load(sys.stdin)
    queries = asked["queries"]
    # All queries as one document: each input is read once, and what is undefined is left out.
    lines = [f"answer[{json.dumps(query)}] := data.{query}" for query in queries]
    modules = dict(asked["modules"], **{"asked.rego": "package asked\n\nimport rego.v1\n\n" + "\n".join(lines)})
    lib = library()
    engine = lib.OpaNew()
    for name, text in modules.items():
        answer(lib, lib.OpaAddPolicy(engine, name.encode(), text.encode()), name)
    results = []
    for value in asked["inputs"]:
        pointer = lib.OpaEvalDocument(engine, b"asked.answer", json.dumps(value).encode(), 0, 0)
        rows = answer(lib, pointer, "evaluating")
        found = rows[0]["expressions"][0]["value"] if rows else {}
        results.append([found.get(query) for query in queries])
    json.dump(results, sys.stdout)


main()
