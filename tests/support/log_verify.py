#!/usr/bin/python3
"""A second verifier of sealed logs, written from docs/decisions/log.md and src/log/*.hpp alone: it shares no code with the
writer, nor with the first verifier.

    log_verify.py DIRECTORY KEY        KEY: the first key of the log, 64 hexadecimal digits

Prints "good SEALED" (status 0) or "record N: what" (status 1), N being the first record that is not provably as written.
"""

import base64
import functools
import hashlib
import os
import re
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEAD, CHECK, MOST_PAYLOAD, PEAKS = 56, 8, 65536, 40
SEGMENT_HEAD = 32 + 32 * PEAKS
NUMBER = rb"(0|[1-9][0-9]{0,19})"
B64 = rb"([A-Za-z0-9+/]{43}=)"
TREE = rb"([^ \n]+)\n" + NUMBER + rb"\n" + B64 + rb"\n"
CHECKPOINT = re.compile(TREE + rb"checkpoint " + NUMBER + rb" " + NUMBER + rb"\ntime " + NUMBER + rb" " + NUMBER +
                        rb"\nboot ([0-9a-f]{32}) " + NUMBER + rb"\n(?:next " + B64 + rb"|(final))\n")
OPENING = re.compile(TREE + rb"segment " + NUMBER + rb" " + NUMBER + rb" " + NUMBER + rb" " + NUMBER +
                     rb"\nfirst " + B64 + rb"\nnext " + B64 + rb"\n")
NOTE = re.compile(rb"((?:[^\n]+\n)+)\n\xe2\x80\x94 ([^ \n]+) ([A-Za-z0-9+/]{91}=)\n")


class Bad(Exception):
    def __init__(self, record, what):
        super().__init__(what)
        self.record = record


def sha(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha(b"\1" + left + right)


def decode(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data) != text:
        raise ValueError("base64")
    return data


class Tree:
    """Complete subtrees, largest first."""

    def __init__(self, size=0, peaks=()):
        self.size, self.peaks = size, list(peaks)

    def append(self, leaf):
        bits = self.size
        while bits & 1:
            leaf = node(self.peaks.pop(), leaf)
            bits >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node(peak, root)
        return root


def signed(note, key):
    return is_signature(*note.groups(), key)


@functools.lru_cache(maxsize=65536)     # the mutations of one log have most notes in common
def is_signature(body, name, coded, key):
    try:
        blob = decode(coded)
        if blob[:4] != sha(name + b"\n\x01" + key)[:4]:
            return False
        Ed25519PublicKey.from_public_bytes(key).verify(blob[4:], body)
        return True
    except (InvalidSignature, ValueError):
        return False


def public(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def after(seed):
    return sha(b"vserver log: next key" + seed)


def load(directory):
    """The files of a log by their names."""
    files = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            files[name] = file.read()
    return files


class State:
    def __init__(self, data):
        size = 72 + 64 + 128 + 32 * PEAKS + 32
        if data is None or len(data) != size or data[:8] != b"vsseal\0\1" or sha(b"\0" + data[:-32]) != data[-32:]:
            raise ValueError("state")
        self.phase, self.segment, self.index = struct.unpack_from("<3Q", data, 8)
        self.records_end = struct.unpack_from("<Q", data, 48)[0]
        self.opening_seed, self.checkpoint_seed = data[72:104], data[104:136]
        self.origin = data[136:264].split(b"\0")[0]


def read_chain(data, key):
    """The openings, as far as they are good."""
    openings, at = [], 0
    while note := NOTE.match(data, at):
        fields = OPENING.fullmatch(note[1])
        if not fields or fields[1] != note[2] or not signed(note, key):
            break
        size, segment, total, limit, keep = (int(fields[i]) for i in (2, 4, 5, 6, 7))
        opening = dict(origin=fields[1], size=size, root=decode(fields[3]), segment=segment, bytes=total, limit=limit,
                       keep=keep, first=decode(fields[8]), next=decode(fields[9]))
        if segment != len(openings) + 1 or keep < 2:
            break
        if openings:
            last = openings[-1]
            full = total + HEAD + MOST_PAYLOAD + CHECK >= last["bytes"] + last["limit"]
            if opening["origin"] != last["origin"] or size < last["size"] or not full:
                break
        elif size or total:
            break
        openings.append(opening)
        key, at = opening["next"], note.end()
    return openings


@functools.lru_cache(maxsize=64)        # and most of their files
def notes_of(data, opening):
    return read_notes(data, dict(opening))


def read_notes(data, opening):
    """The checkpoints, as far as they are good; the key of the next; whether something else follows."""
    found, key, at = [], opening["first"], 0
    while key is not None and (note := NOTE.match(data, at)):
        fields = CHECKPOINT.fullmatch(note[1])
        if not fields or fields[1] != opening["origin"] or note[2] != opening["origin"] or not signed(note, key):
            break
        size, segment, index, start, end = (int(fields[i]) for i in (2, 4, 5, 6, 7))
        before = found[-1]["size"] if found else opening["size"]
        if segment != opening["segment"] or index != len(found) or size < before or start > end:
            break
        found.append(dict(size=size, root=decode(fields[3]), start=start, end=end, key=key))
        key, at = (decode(fields[10]) if fields[10] else None), note.end()
    return found, key, at != len(data)


class Segment:
    """One segment's records against its checkpoints."""

    def __init__(self, data, opening, notes):
        self.data, self.opening, self.notes = data, opening, notes
        self.sealed = notes[-1]["size"] if notes else opening["size"]
        self.next, self.covered, self.before = 0, opening["size"], None

    def head(self):
        opening, data = self.opening, self.data
        if data is None or len(data) < SEGMENT_HEAD or data[:8] != b"vslog\0\0\1":
            raise Bad(opening["size"], "no head")
        segment, size, total = struct.unpack_from("<3Q", data, 8)
        peaks = [data[32 + 32 * i:64 + 32 * i] for i in range(bin(size).count("1"))] if size < 1 << 39 else []
        unused = data[32 + 32 * len(peaks):SEGMENT_HEAD]
        self.tree = Tree(size, peaks)
        if any(unused):
            raise Bad(opening["size"], "another head")
        if (segment, size, total) != (opening["segment"], opening["size"], opening["bytes"]) or self.tree.root() != opening["root"]:
            raise Bad(opening["size"], "another head")

    def check(self, final):
        self.head()
        self.checkpoints()
        at = SEGMENT_HEAD
        while at < len(self.data):
            length = self.record(at)
            if length is None:
                break
            at += length
            self.checkpoints()
        if self.tree.size < self.sealed:
            raise Bad(self.tree.size, "missing")
        if final and (self.tree.size > self.sealed or at < len(self.data)):
            raise Bad(self.sealed, "after the end")

    def record(self, at):
        place = self.tree.size
        data = self.data
        length = struct.unpack_from("<I", data, at)[0] if at + 4 <= len(data) else 0
        good = HEAD + CHECK <= length <= HEAD + MOST_PAYLOAD + CHECK and at + length <= len(data)
        if good:
            version, kind, source, flag, sequence, real, boottime, boot = struct.unpack_from("<4B3Q16s", data, at + 4)
            leaf = sha(b"\0" + data[at:at + length - CHECK])
            good = version == 1 and 1 <= kind <= 5 and source <= 5 and flag <= 2 and leaf[:CHECK] == data[at + length - CHECK:at + length]
        if not good:
            if place < self.sealed:
                raise Bad(place, "altered or cut")
            return None
        if sequence != place:
            raise Bad(place, f"record {sequence} stands in its place")
        if self.before and self.before[0] == boot and boottime < self.before[1]:
            raise Bad(place, "older than the one before")
        if self.next < len(self.notes) and not self.notes[self.next]["start"] <= real <= self.notes[self.next]["end"]:
            raise Bad(place, "not of the time of its checkpoint")
        self.before = boot, boottime
        self.tree.append(leaf)
        return length

    def checkpoints(self):
        while self.next < len(self.notes) and self.notes[self.next]["size"] == self.tree.size:
            if self.notes[self.next]["root"] != self.tree.root():
                raise Bad(self.covered, "not what was sealed")
            self.covered = self.tree.size
            self.next += 1


@functools.lru_cache(maxsize=64)
def fault_of(data, opening, notes, final):
    try:
        Segment(data, dict(opening), [dict(note) for note in notes]).check(final)
    except Bad as bad:
        return bad
    return None


def verify(files, key):
    """The number of sealed records, or Bad; `files` as of load()."""
    found = []
    try:
        state = State(files.get("seal"))
    except ValueError:
        state = None
    openings = read_chain(files.get("chain", b""), key)
    present = sorted(int(name[:8]) for name in files if re.fullmatch(r"[0-9]{8}\.log", name))
    if not openings:
        if state is None or state.segment or len(present) > 1:
            raise Bad(0, "no chain")
        return 0
    last, sealed = openings[-1], 0
    due = max(1, *(opening["segment"] - opening["keep"] + 1 for opening in openings))
    first = min(present[0], due) if present else due
    for segment in range(max(first, 1), last["segment"] + 1):
        if segment not in present:
            found.append(Bad(openings[segment - 1]["size"], f"segment {segment} is missing"))
    if present and present[-1] > last["segment"] + 1:
        found.append(Bad(last["size"], "a segment that was never opened"))
    for opening in openings:
        if opening["segment"] not in present:
            continue
        number = opening["segment"]
        notes, following, torn = notes_of(files.get(f"{number:08}.seal", b""), tuple(opening.items()))
        records = files.get(f"{number:08}.log")
        sealed = notes[-1]["size"] if notes else opening["size"]
        final = bool(notes) and following is None
        fault = fault_of(records, tuple(opening.items()), tuple(tuple(note.items()) for note in notes), final)
        if fault:
            found.append(fault)
        if number < last["segment"]:
            following_opening = openings[number]
            if not final or torn or following_opening["size"] != sealed or following_opening["root"] != notes[-1]["root"]:
                found.append(Bad(sealed, "no sealed end"))
            elif sum(len(files.get(f"{number:08}{end}", b"")) for end in (".log", ".seal")) != following_opening["bytes"] - opening["bytes"]:
                found.append(Bad(sealed, "another length"))
        else:
            found += check_keys(state, last, notes, following, sealed)
            if state and state.phase == 2 and len(notes) == state.index and len(records or b"") > state.records_end:
                found.append(Bad(sealed, "added while nobody wrote"))
    if state and len(openings) < state.segment:
        found.append(Bad(sealed, "the chain was cut"))
    if found:
        raise min(found, key=lambda bad: bad.record)
    return sealed


def check_keys(state, opening, notes, following, sealed):
    if state is None:
        return [Bad(sealed, "no key")]
    if state.origin != opening["origin"]:
        return [Bad(0, "the key of another log")]
    if state.segment < opening["segment"]:
        due = state.segment + 1 == opening["segment"] and state.phase == 0 and not notes
        good = due and public(after(state.opening_seed)) == opening["next"]
    elif state.segment > opening["segment"]:
        return []
    else:
        good = len(notes) in (state.index, state.index + 1) and public(state.opening_seed) == opening["next"]
        if state.phase == 0:
            good = good and following is None
        elif len(notes) == state.index:
            good = good and following is not None and public(state.checkpoint_seed) == following
        else:    # the writer was killed before it wrote the next key over that of the last note
            good = good and bool(notes) and public(state.checkpoint_seed) == notes[-1]["key"]
    return [] if good else [Bad(sealed, "the key does not follow the log")]


if __name__ == "__main__":
    try:
        print("good", verify(load(sys.argv[1]), bytes.fromhex(sys.argv[2])))
    except Bad as bad:
        print(f"record {bad.record}: {bad}")
        sys.exit(1)
