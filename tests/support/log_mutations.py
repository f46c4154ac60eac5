#!/usr/bin/python3
"""Alters a good log at random and asks both verifiers.

    log_mutations.py LOG-TOOL DIRECTORY KEY COUNT SEED

DIRECTORY is a good log whose writer has ended; OLD-* directories beside it are what it was at earlier times. Every
mutation has to be found by both, and they have to name the same first bad record; where one record was altered, that one.
"""

import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from log_verify import HEAD, CHECK, SEGMENT_HEAD, Bad, load, verify  # noqa: E402
import struct  # noqa: E402

tool, original, key, count, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
rng = random.Random(seed)
base = os.path.dirname(original)


def without_prepared(directory):
    """The files of a segment that is only prepared are empty, and no part of the log."""
    return {name: data for name, data in load(directory).items() if data}


good = without_prepared(original)
olds = [without_prepared(os.path.join(base, name)) for name in sorted(os.listdir(base)) if name.startswith("old-")]


def records_of(data):
    """(number, offset, length) of each record of a file."""
    number = struct.unpack_from("<Q", data, 16)[0]
    at, found = SEGMENT_HEAD, []
    while at + 4 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        found.append((number, at, length))
        number, at = number + 1, at + length
    return found


def pick(files, ending):
    return rng.choice(sorted(name for name in files if name.endswith(ending)))


def cut(data, start, end, instead=b""):
    return data[:start] + instead + data[end:]


# Each returns the name of what was changed, and the record that has to be named where it is one.

def flip_a_bit(files):
    name = pick(files, "")
    data = bytearray(files[name])
    bit = rng.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    hit = [n for n, at, length in records_of(files[name]) if at <= bit // 8 < at + length] if name.endswith(".log") else []
    files[name] = bytes(data)
    return name, hit[0] if hit else None


def delete_a_record(files):
    name = pick(files, ".log")
    number, at, length = rng.choice(records_of(files[name]))
    files[name] = cut(files[name], at, at + length)
    return name, number


def swap_records(files):
    name = pick(files, ".log")
    found = records_of(files[name])
    first, second = sorted(rng.sample(range(len(found)), 2))
    (number, a, la), (_, b, lb) = found[first], found[second]
    data = files[name]
    files[name] = data[:a] + data[b:b + lb] + data[a + la:b] + data[a:a + la] + data[b + lb:]
    return name, number


def copy_a_record(files):
    name = pick(files, ".log")
    found = records_of(files[name])
    (_, a, la), (number, b, _) = rng.choice(found), rng.choice(found)
    files[name] = cut(files[name], b, b, files[name][a:a + la])
    # A record before itself makes its second copy the wrong one.
    return name, number + 1 if a == b else number


def forge_a_record(files):
    """Another text, with a check that fits: only the checkpoint tells, and names what it covers."""
    import hashlib
    name = pick(files, ".log")
    _, at, length = rng.choice([r for r in records_of(files[name]) if r[2] > HEAD + CHECK])
    data = bytearray(files[name])
    data[at + HEAD] ^= 0x20
    data[at + length - CHECK:at + length] = hashlib.sha256(b"\0" + bytes(data[at:at + length - CHECK])).digest()[:CHECK]
    files[name] = bytes(data)
    return name, None


def add_after_the_end(files):
    """One that fits in every way, but that nobody with a key wrote it."""
    import hashlib
    name = max(name for name in files if name.endswith(".log"))
    number, at, length = records_of(files[name])[-1]
    record = bytearray(files[name][at:at + length])
    struct.pack_into("<Q", record, 8, number + 1)
    record[-CHECK:] = hashlib.sha256(b"\0" + bytes(record[:-CHECK])).digest()[:CHECK]
    files[name] += bytes(record)
    return name, number + 1


def truncate_at_a_boundary(files):
    name = pick(files, ".log")
    number, at, _ = rng.choice(records_of(files[name]))
    files[name] = files[name][:at]
    return name, number


def truncate_anywhere(files):
    name = pick(files, "")
    files[name] = files[name][:rng.randrange(len(files[name]))]
    return name, None


def delete_a_note(files):
    name = pick(files, rng.choice([".seal", "chain"]))
    notes = files[name].split(b"\n\xe2\x80\x94 ")
    ends, at = [0], 0
    while (end := files[name].find(b"\n", files[name].find(b"\n\n", at) + 2) + 1) > 0 and files[name].find(b"\n\n", at) >= 0:
        ends.append(end)
        at = end
    i = rng.randrange(len(ends) - 1) if len(notes) > 1 else 0
    files[name] = cut(files[name], ends[i], ends[i + 1])
    return name, None


def cut_to_an_older_checkpoint(files):
    """Records and notes together, as if nothing had come after: only the key knows better."""
    old = rng.choice(olds)
    for name in list(files):
        if name != "seal":
            del files[name]
    files.update({name: data for name, data in old.items() if name != "seal"})
    return "everything but the key", None


def replace_by_an_older_file(files):
    old = rng.choice(olds)
    name = rng.choice(sorted(name for name in old if files.get(name) != old[name]))
    files[name] = old[name]
    return name, None


def delete_a_file(files):
    name = pick(files, "")
    del files[name]
    return name, None


def exchange_files(files):
    ending = rng.choice([".log", ".seal"])
    names = sorted(name for name in files if name.endswith(ending))
    first, second = rng.sample(names, 2)
    files[first], files[second] = files[second], files[first]
    return f"{first} and {second}", None


MUTATIONS = [flip_a_bit, flip_a_bit, delete_a_record, swap_records, copy_a_record, forge_a_record, add_after_the_end, truncate_at_a_boundary, truncate_anywhere,
             delete_a_note, cut_to_an_older_checkpoint, replace_by_an_older_file, delete_a_file, exchange_files]


def mutate(directory):
    """Until something has really changed."""
    while True:
        files = dict(good)
        mutation = rng.choice(MUTATIONS)
        what, expected = mutation(files)
        if files != good:
            break
    os.mkdir(directory)
    for name, data in files.items():
        # What is as it was is linked, not copied.
        if good.get(name) == data:
            os.link(os.path.join(original, name), os.path.join(directory, name))
        else:
            with open(os.path.join(directory, name), "wb") as file:
                file.write(data)
    return f"{mutation.__name__}: {what}", expected, files


def second_opinion(files):
    try:
        return f"good {verify(files, bytes.fromhex(key))}", None
    except Bad as bad:
        return f"record {bad.record}: {bad}", bad.record


def first_record(text):
    words = text.replace(":", "").split()
    return int(words[1]) if words[0] in ("record", "records") else None


def judge(cases):
    """How many of them were not found, or not named rightly, by either verifier. Both work at the same time."""
    first = subprocess.Popen([tool, "verify-all", key, *cases], stdout=subprocess.PIPE, text=True)
    opinions = {directory: second_opinion(files) for directory, (_, _, files) in cases.items()}
    answers = dict(line.split(": ", 1) for line in first.communicate()[0].splitlines())
    failures = 0
    for directory, (what, expected, _) in cases.items():
        answer = answers.get(directory, "nothing")
        named, (opinion, second) = first_record(answer), opinions[directory]
        if named is None or named != second or expected not in (None, named):
            failures += 1
            print(f"{os.path.basename(directory)}: {what}: expected {expected}: first says '{answer}', second says '{opinion}'")
        shutil.rmtree(directory)
    return failures


def main():
    failures = 0
    for start in range(0, count, 50):
        directories = (os.path.join(base, f"mutation-{i}") for i in range(start, min(start + 50, count)))
        failures += judge({directory: mutate(directory) for directory in directories})
    print(f"{count} mutations, {failures} not found or named wrongly (seed {seed})")
    return 1 if failures else 0


sys.exit(main())
