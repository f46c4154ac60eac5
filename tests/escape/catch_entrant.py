#!/usr/bin/env python3
"""catch_entrant.py SECONDS [hold]: as root of a context that may trace, catch what is entered into it before it executes its command.

Numbers are given one after the other, so the next ones are tried until somebody has one. Prints what each one that was caught still
had: capabilities above our ceiling, no filter of system calls, descriptors that lead out. Exits 1 where there was anything. With `hold` it stops the first one and says so.
"""
import ctypes, os, stat, sys, time

SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def status(pid, key):
    with open(f"/proc/{pid}/status") as lines:
        return next(line.split()[1] for line in lines if line.startswith(key + ":"))


def leads_out(path):
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False


def still_has(pid):
    had = []
    above = int(status(pid, "CapBnd"), 16) & ~int(status("self", "CapBnd"), 16)
    if above:
        had.append(f"capabilities {above:x}")
    if status(pid, "Seccomp") != "2":
        had.append("no filter")
    return had + [fd for fd in os.listdir(f"/proc/{pid}/fd") if leads_out(f"/proc/{pid}/fd/{fd}")]


def look_at(pid):
    libc.ptrace(INTERRUPT, pid, 0, 0)
    os.waitpid(pid, WALL)
    if sys.argv[2:] == ["hold"] and os.readlink(f"/proc/{pid}/exe").endswith("/chcontext"):
        print("held", flush=True)
        time.sleep(1000)
    try:
        return still_has(pid)
    finally:
        libc.ptrace(DETACH, pid, 0, 0)


def last_number():
    with open("/proc/loadavg") as load:
        return int(load.read().split()[-1])


caught, bad = 0, 0
end = time.monotonic() + float(sys.argv[1])
print("ready", flush=True)
while time.monotonic() < end:
    following = last_number() + 1
    for pid in [following, following + 1] * 500:
        if libc.ptrace(SEIZE, pid, 0, 0) < 0:
            continue
        try:
            had = look_at(pid)
        except (OSError, StopIteration):  # it has ended
            had = []
        caught += 1
        if had:
            bad += 1
            print("caught:", *had, flush=True)
        break
print(f"{caught} caught", flush=True)
sys.exit(1 if bad else 0)
