#!/usr/bin/python3
"""What bpf(2) has to do with the shield while a private server runs (docs/decisions/shield.md).

    privacy.py during COMMAND...   run it while a server is marked as private, which then nobody is
    privacy.py map                 open the map that says who is private
    privacy.py program             load a program that looks into tasks

A refusal is the kernel's sentence and status 1.
"""

import ctypes
import os
import struct
import subprocess
import sys

BPF = 321  # x86-64
MAP_UPDATE_ELEM, PROG_LOAD, OBJ_GET = 2, 5, 7
RAW_TRACEPOINT = 17
NUMBER = 4000  # of a server that there is not
MAP = b"/sys/fs/bpf/vserver-shield/shield_private"
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(BPF, command, buffer, len(buffer))
    if result < 0:
        error = ctypes.get_errno()
        sys.exit(f"bpf({command}): {os.strerror(error)}")
    return result


def open_map():
    path = ctypes.create_string_buffer(MAP)
    return bpf(OBJ_GET, struct.pack("QII", ctypes.addressof(path), 0, 0))


def mark(private, flag):
    key, value = ctypes.create_string_buffer(struct.pack("I", NUMBER)), ctypes.create_string_buffer(bytes([flag]))
    bpf(MAP_UPDATE_ELEM, struct.pack("IIQQQ", private, 0, ctypes.addressof(key), ctypes.addressof(value), 0))


def during(command):
    private = open_map()
    mark(private, 1)
    try:
        return subprocess.run(command).returncode
    finally:
        mark(private, 0)


def load_program():
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))  # return 0
    licence = ctypes.create_string_buffer(b"GPL")
    bpf(PROG_LOAD, struct.pack("IIQQ", RAW_TRACEPOINT, 2, ctypes.addressof(code), ctypes.addressof(licence)))


if sys.argv[1] == "during":
    sys.exit(during(sys.argv[2:]))
{"map": open_map, "program": load_program}[sys.argv[1]]()
