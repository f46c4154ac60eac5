#!/usr/bin/python3
"""The published attacks on the sealing of systemd's journal (Doerre and Ottenhues, eprint 2023/867), against ours, by somebody who has
taken the machine: he has the keys that are there now. Both verifiers have to find each.

    log_reseal.py LOG-TOOL DIRECTORY KEY OLD-DIRECTORY

DIRECTORY is a good log, and OLD-DIRECTORY what it was earlier, within the same segment.
"""

import base64
import hashlib
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from log_verify import CHECK, HEAD, NOTE, SEGMENT_HEAD, Bad, Tree, load, verify  # noqa: E402

tool, original, key, old = sys.argv[1:5]
RECORDS, NOTES = "00000001.log", "00000001.seal"
# Of the file "seal" (src/log/layout.hpp).
INDEX, SIZE, RECORDS_END, NOTES_END, SEED, PEAKS, SUM = 24, 32, 48, 56, 104, 264, 1544


def alterable(directory):
    return {name: bytearray(data) for name, data in load(directory).items()}


def derive(seed, purpose=b"vserver log: next key"):
    return hashlib.sha256(purpose + seed).digest()


def public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(body, name, seed):
    key_id = hashlib.sha256(name + b"\n\x01" + public(seed)).digest()[:4]
    return body + b"\n\xe2\x80\x94 " + name + b" " + base64.b64encode(key_id + Ed25519PrivateKey.from_private_bytes(seed).sign(body)) + b"\n"


def notes_of(files):
    return [(m.start(), m.group(1), m.group(2)) for m in NOTE.finditer(bytes(files[NOTES]))]


def roots(data):
    """The root after each record, as the altered file has it."""
    tree, at, found = Tree(), SEGMENT_HEAD, []
    while at + 4 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        tree.append(hashlib.sha256(b"\0" + bytes(data[at:at + length - CHECK])).digest())
        found.append((at, length, tree.root()))
        at += length
    return found


def alter(files, number):
    """Another text in one record, with the check that fits."""
    at, length, _ = roots(files[RECORDS])[number]
    data = files[RECORDS]
    data[at + HEAD] ^= 0x20
    data[at + length - CHECK:at + length] = hashlib.sha256(b"\0" + bytes(data[at:at + length - CHECK])).digest()[:CHECK]


def seal_again(files, first):
    """Every note from `first` on anew, over what the records are now, with the keys that come from the one that is there."""
    seed = bytes(files["seal"][SEED:SEED + 32])
    found, roots_now = notes_of(files), roots(files[RECORDS])
    out = bytes(files[NOTES][:found[first][0]])
    for _, body, name in found[first:]:
        lines = body.split(b"\n")
        size = int(lines[1])
        lines[2] = base64.b64encode(roots_now[size - 1][2])
        lines = [b"next " + base64.b64encode(public(derive(seed))) if line.startswith(b"next ") else line for line in lines]
        out += sign(b"\n".join(lines), name, seed)
        seed = derive(seed)
    files[NOTES] = bytearray(out)
    files["seal"][SEED:SEED + 32] = seed
    struct.pack_into("<Q", files["seal"], NOTES_END, len(out))
    resum(files)


def resum(files):
    files["seal"][SUM:SUM + 32] = hashlib.sha256(b"\0" + bytes(files["seal"][:SUM])).digest()


def reseal_old_entries(files):
    """CVE-2023-31439: an old entry altered, and sealed with a newer key."""
    alter(files, 3)
    seal_again(files, next(i for i, (_, body, _) in enumerate(notes_of(files)) if int(body.split(b"\n")[1]) > 3))


def reseal_the_last_epoch(files):
    """The same, where it is least conspicuous: the last note alone."""
    alter(files, int(notes_of(files)[-2][1].split(b"\n")[1]))
    seal_again(files, len(notes_of(files)) - 1)


def cut_to(files, earlier):
    for name in (RECORDS, NOTES):
        files[name] = earlier[name]
    for at in (INDEX, SIZE, RECORDS_END, NOTES_END):
        files["seal"][at:at + 8] = earlier["seal"][at:at + 8]
    files["seal"][PEAKS:SUM] = earlier["seal"][PEAKS:SUM]
    resum(files)


def truncate(files):
    """CVE-2023-31438: the end cut at a sealed boundary; the key stays as it is."""
    cut_to(files, alterable(old))


def truncate_and_go_on(files):
    """The same, and the log goes on, sealed with the keys that are there."""
    cut_to(files, alterable(old))
    return "write"


def two_seals_of_one_epoch(files):
    """CVE-2023-31438: one more seal between two, which allows for another end."""
    found = notes_of(files)
    at, body, name = found[len(found) // 2]
    files[NOTES][at:at] = sign(body, name, bytes(files["seal"][SEED:SEED + 32]))


def drop_an_empty_epoch(files):
    """CVE-2023-31438: an epoch whose seal says that nothing was written."""
    found = notes_of(files)
    i = next(i for i in range(1, len(found)) if found[i][1].split(b"\n")[1] == found[i - 1][1].split(b"\n")[1])
    del files[NOTES][found[i][0]:found[i + 1][0] if i + 1 < len(found) else len(files[NOTES])]


def hide_by_index(files):
    """CVE-2023-31437: what is stored to find entries by hides some. Ours to hold is the head of a segment."""
    at, length, _ = roots(files[RECORDS])[0]
    del files[RECORDS][at:at + length]
    struct.pack_into("<Q", files[RECORDS], 16, 1)


def second(directory):
    try:
        return f"good {verify(load(directory), bytes.fromhex(key))}"
    except Bad as bad:
        return f"record {bad.record}: {bad}"


missed = 0
for attack in (reseal_old_entries, reseal_the_last_epoch, truncate, truncate_and_go_on, two_seals_of_one_epoch, drop_an_empty_epoch, hide_by_index):
    files, work = alterable(original), original + "-attacked"
    then = attack(files)
    shutil.rmtree(work, ignore_errors=True)
    os.mkdir(work)
    for name, data in files.items():
        with open(os.path.join(work, name), "wb") as out:
            out.write(data)
    if then:
        subprocess.run([tool, "write", work, "20", "9", "1048576"], check=True)
    said = subprocess.run([tool, "verify", work, key], capture_output=True, text=True).stdout.split("\n")[0], second(work)
    good = [verdict.startswith("good") for verdict in said]
    print(f"{attack.__name__}: {said[0]} | {said[1]}")
    missed += any(good)
sys.exit(missed > 0)
