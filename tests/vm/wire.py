"""The frames that the harness and the agent inside the machine exchange.

One virtio-serial port carries everything, so each message says what it is: a kind
(one byte), a length (four bytes, big endian) and that many bytes. The image holds a
copy of this module, so it uses nothing beyond python3-minimal.
"""

import struct

# From the harness.
WAKE = 1      # the wall clock (CLOCK) and fresh entropy; answered by READY
START = 2     # working directory and argument vector, separated by NUL
STDIN = 3     # input of the running command; an empty one ends it
# From the agent.
READY = 4     # empty
STDOUT = 5
STDERR = 6
EXIT = 7      # the command's status as a shell reports it (one byte)

CHUNK = 64 * 1024
CLOCK = struct.Struct(">d")
_HEADER = struct.Struct(">BI")


def frame(kind, data=b""):
    """The bytes of one frame."""
    return _HEADER.pack(kind, len(data)) + data


def receive(read):
    """One frame as (kind, data). `read(size)` returns at most that much, b"" at the end."""
    kind, size = _HEADER.unpack(_exactly(read, _HEADER.size))
    return kind, _exactly(read, size)


def _exactly(read, size):
    data = bytearray()
    while len(data) < size:
        piece = read(size - len(data))
        if not piece:
            raise EOFError("the other end has gone")
        data += piece
    return bytes(data)
