#!/usr/bin/env python3
"""way_back.py NAMESPACE-FILE: from inside a context, try to join the mount namespaces of the outside.

The file is a mount namespace that was pinned outside; the others are walked from our own (NS_MNT_GET_PREV and NEXT, Linux 6.12).
Then TIOCSTI. Prints what was refused; exits 1 where anything was done.
"""
import ctypes, fcntl, os, sys, termios

libc = ctypes.CDLL(None, use_errno=True)
NS_MNT_GET_NEXT, NS_MNT_GET_PREV = 0x8010B70B, 0x8010B70C


def joined(fd):
    return any(libc.setns(fd, flag) == 0 for flag in (0, 0x20000, 0x20000 | 1 << 40))


found = []
for request in (NS_MNT_GET_PREV, NS_MNT_GET_NEXT):
    fd = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    for _ in range(1000):
        try:
            fd = fcntl.ioctl(fd, request, bytearray(16), True)
        except OSError:
            break
        found.append(fd)
try:
    found.append(os.open(sys.argv[1], os.O_RDONLY))
except OSError:
    pass
print(f"{len(found)} namespaces of the outside can be opened")
bad = [fd for fd in found if joined(fd)]
for fd in (0, 1, 2):
    try:
        fcntl.ioctl(fd, termios.TIOCSTI, b"#")
        bad.append("TIOCSTI")
    except OSError as error:
        print(f"TIOCSTI: {error.strerror}")
print(f"joined: {bad}")
sys.exit(1 if bad else 0)
