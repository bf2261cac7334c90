"""Evaluates Rego in the Open Policy Agent, in one process: the second opinion on writ's policies.

Reads one JSON object from standard input: `modules` (file name to text), `inputs` (a list), `queries` (a list of
Rego documents below `data`, such as `writ.no_secrets.deny`). Writes for each input a list with the value of each
query; `null` where it is undefined. Exit 1 with the error when a module does not compile or a query fails.

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
    for name, arguments in (("OpaAddPolicy", 0), ("OpaEvalDocument", 2)):
        function = getattr(lib, name)
        function.restype = ctypes.c_void_p
        function.argtypes = [ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p] + [ctypes.c_int] * arguments
    return lib


def answer(lib, pointer):
    """An envelope `{"ok": …, "result": …}` or `{"error": {"code", "message"}}`, freed after copying."""
    text = ctypes.string_at(pointer)
    lib.OpaFreeString(pointer)
    return json.loads(text)


def main():
    asked = json.load(sys.stdin)
    lib = library()
    engine = lib.OpaNew()
    for name, text in asked["modules"].items():
        found = answer(lib, lib.OpaAddPolicy(engine, name.encode(), text.encode()))
        if "error" in found and found["error"]:
            sys.exit(f"{name}: {found['error']}")
    results = []
    for value in asked["inputs"]:
        row = []
        for query in asked["queries"]:
            found = answer(lib, lib.OpaEvalDocument(engine, query.encode(), json.dumps(value).encode(), 0, 0))
            if "error" in found and found["error"]:
                if found["error"].get("code") != "undefined":
                    sys.exit(f"{query}: {found['error']}")
                row.append(None)
            else:
                rows = found.get("result")
                row.append(rows[0]["expressions"][0]["value"] if rows else None)
        results.append(row)
    json.dump(results, sys.stdout)


main()
