#!/usr/bin/python3
"""Writes good logs through everything that may happen to a writer, and asks both verifiers: none of them may raise an alarm.

    log_good.py LOG-TOOL STEP-CLOCK DIRECTORY COUNT SEED

DIRECTORY is on a small file system, which each log may fill. Each is written by a few writers, one after the other: killed at
any moment or ended in order, on a full disk, after a step of the clock in either direction, in another boot.
"""

import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from log_verify import Bad, load, verify  # noqa: E402

tool, step_clock, base, count, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
rng = random.Random(seed)
happened = {"killed": 0, "full": 0, "stepped": 0, "ended": 0}
alarms = 0


def write(log):
    environment = dict(os.environ)
    if rng.random() < 0.3:
        happened["stepped"] += 1
        environment |= {"LD_PRELOAD": step_clock, "CLOCK_STEP": str(rng.choice((-86400 * 365 * 50, -3600, -1, 1, 3600, 86400 * 365 * 50)))}
    records = rng.choice((5, 100, 1000, 4000))
    writer = subprocess.Popen([tool, "write", log, str(records), str(rng.randrange(1 << 30)), "65536"], env=environment, stderr=subprocess.DEVNULL)
    try:
        writer.wait(rng.random() * 0.02 if rng.random() < 0.6 else None)
    except subprocess.TimeoutExpired:
        writer.kill()
        writer.wait()
    happened["killed"] += writer.returncode < 0
    happened["full"] += writer.returncode > 0
    if rng.random() < 0.5:
        happened["ended"] += subprocess.run([tool, "end", log, "65536"], stderr=subprocess.DEVNULL).returncode == 0


for i in range(count):
    log = os.path.join(base, "log")
    shutil.rmtree(log, ignore_errors=True)
    filler = os.path.join(base, "filler")
    with open(filler, "wb") as out:
        out.write(bytes(rng.choice((0, 0, 300_000, 450_000, 495_000))))
    os.mkdir(log)
    key = subprocess.run([tool, "make", log, "0"], capture_output=True, text=True, check=True).stdout.strip()
    for _ in range(rng.randrange(1, 5)):
        write(log)
    first = subprocess.run([tool, "verify", log, key], capture_output=True, text=True).stdout.strip()
    try:
        second = f"good {verify(load(log), bytes.fromhex(key))}"
    except Bad as bad:
        second = f"record {bad.record}: {bad}"
    if first != second or not first.startswith("good"):
        alarms += 1
        print(f"log {i}: {first} | {second}")
        shutil.copytree(log, f"{sys.argv[3]}-alarm-{i}", dirs_exist_ok=True)
print(f"{count} logs: " + ", ".join(f"{n} {what}" for what, n in happened.items()) + f": {alarms} false alarms")
sys.exit(alarms > 0)
