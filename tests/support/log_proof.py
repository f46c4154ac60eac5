#!/usr/bin/python3
"""Checks an export of a log: each record leads by its path to the root of the checkpoint.

    log_proof.py FILE
"""

import base64
import hashlib
import json
import sys


def sha(data):
    return hashlib.sha256(data).digest()


def root_of(index, size, leaf, path):
    """RFC 9162, 2.1.3.2."""
    last = size - 1
    for other in map(bytes.fromhex, path):
        assert last > 0
        if index & 1 or index == last:
            leaf = sha(b"\1" + other + leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = sha(b"\1" + leaf + other)
        index, last = index >> 1, last >> 1
    assert last == 0
    return leaf


document = json.load(open(sys.argv[1], encoding="utf-8"))
lines = document["checkpoint"].split("\n")
size, root = int(lines[1]), base64.b64decode(lines[2])
assert document["records"], "no records"
for record in document["records"]:
    leaf = base64.b64decode(record["leaf"])
    assert root_of(record["sequence"], size, sha(b"\0" + leaf), record["path"]) == root, record["sequence"]
print(f"{len(document['records'])} records proved")
