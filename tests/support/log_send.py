#!/usr/bin/env python3
"""log_send.py SOCKET datagram|stream COUNT WORD: sends "WORD 0", "WORD 1" and so on, as syslog messages of cron, and prints how
many of these calls returned. padded is of 128 bytes each. More modes, for what a hostile sender does: mixed (datagrams, with large and empty ones among them),
descriptors, lingering and lingering-stream (until killed), sizes, idle (COUNT connections, until killed)."""
import array
import os
import signal
import socket
import struct
import sys

path, mode, count, word = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def connected(kind):
    made = socket.socket(socket.AF_UNIX, kind)
    made.connect(path)
    return made


def message(i):
    return f"<30>Nov 22 04:05:06 cron[{os.getpid()}]: {word} {i}".encode()


if mode == "datagram":
    out = connected(socket.SOCK_DGRAM)
    for i in range(count):
        out.send(message(i))
elif mode == "padded":
    out = connected(socket.SOCK_DGRAM)
    for i in range(count):
        out.send(message(i).ljust(128, b" "))
elif mode == "mixed":
    out = connected(socket.SOCK_DGRAM)
    for i in range(count):
        out.send(message(i) + b" x" * (4000 if i % 7 == 0 else 10))
        if i % 3 == 0:
            out.send(b"")
elif mode == "stream":
    out = connected(socket.SOCK_STREAM)
    for i in range(count):
        out.sendall(message(i) + b"\n")
elif mode == "descriptors":
    out = connected(socket.SOCK_STREAM if path.endswith("stream") else socket.SOCK_DGRAM)
    null = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
    for i in range(count):
        out.sendmsg([message(i)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", null))])
elif mode in ("lingering", "lingering-stream"):
    # Descriptors of connections to nobody who reads, whose last close waits ten minutes.
    out = connected(socket.SOCK_DGRAM if mode == "lingering" else socket.SOCK_STREAM)
    listener = socket.create_server(("127.0.0.1", 0))
    for i in range(count):
        held = socket.create_connection(listener.getsockname())
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
        held.setblocking(False)
        try:
            while True:
                held.send(bytes(65536))
        except BlockingIOError:
            pass
        out.sendmsg([message(i) + b"\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [held.fileno()]))])
        held.close()
    print(count, flush=True)
    signal.pause()
elif mode == "sizes":
    out = connected(socket.SOCK_DGRAM)
    for body in (b"", b"\0", b"\xff" * 5, b"x" * 65536, b"y" * 65537, b"z" * 100000):
        out.send(body)
elif mode == "idle":
    made = []
    for i in range(count):
        made.append(connected(socket.SOCK_STREAM))
        made[-1].sendall(message(i))
    print(count, flush=True)
    signal.pause()
print(count)
