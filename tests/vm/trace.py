#!/usr/bin/python3
"""trace.py PID: the calls that reach into another process, each of which has to be refused. Says so, and fails, where all are."""

import ctypes
import errno
import os
import sys

CLONE_NEWNET, PTRACE_ATTACH, MADV_COLD, PROCESS_MADVISE, KCMP = 0x40000000, 16, 20, 440, 312
pid = int(sys.argv[1])
pidfd = os.pidfd_open(pid)
buffer = ctypes.create_string_buffer(16)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), len(buffer))
library = ctypes.CDLL(None, use_errno=True)
calls = {
    "setns": lambda: library.setns(pidfd, CLONE_NEWNET),
    "ptrace": lambda: library.ptrace(PTRACE_ATTACH, pid, None, None),
    "process_vm_readv": lambda: library.process_vm_readv(pid, vector, 1, vector, 1, 0),
    "process_madvise": lambda: library.syscall(PROCESS_MADVISE, pidfd, vector, ctypes.c_size_t(1), MADV_COLD, 0),
    "kcmp": lambda: library.syscall(KCMP, pid, os.getpid(), 0, 0, 0),
    "pidfd_getfd": lambda: library.syscall(438, pidfd, 0, 0),
}
for name, call in calls.items():
    ctypes.set_errno(0)
    if call() >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.EACCES):
        sys.exit(f"{name}: {os.strerror(ctypes.get_errno())}, and was to be refused")
sys.exit("Operation not permitted: all of them")
