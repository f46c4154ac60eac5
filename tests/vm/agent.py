"""Runs inside the machine and executes what the harness asks for, one command at a time.

When the warm state was saved it was already running, blocked in a read: a restored
machine answers at once. It uses nothing beyond python3-minimal.
"""

import fcntl
import os
import selectors
import struct
import subprocess
import threading
import time

import wire

PORT = "/dev/virtio-ports/agent"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
# linux/random.h: _IOW('R', 3, int[2]) and _IO('R', 7)
RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207
CANNOT_RUN, NOT_FOUND = 126, 127


class Port:
    """The agent's end of the wire."""

    def __init__(self):
        self._descriptor = os.open(PORT, os.O_RDWR | os.O_CLOEXEC)

    def send(self, kind, data=b""):
        rest = memoryview(wire.frame(kind, data))
        while rest:
            rest = rest[os.write(self._descriptor, rest):]

    def receive(self):
        return wire.receive(lambda size: os.read(self._descriptor, size))

    def stdin(self):
        """The pieces of a command's input, which follow its START."""
        while data := self.receive()[1]:
            yield data


def wake(port, message):
    """Correct the two things that every restored machine has wrong: clock and entropy.

    Writing a seed to /dev/urandom is not enough: until its next periodic reseed the
    kernel goes on with the generator that was saved.
    """
    seed = message[wire.CLOCK.size:]
    time.clock_settime(time.CLOCK_REALTIME, *wire.CLOCK.unpack_from(message))
    with open("/dev/urandom", "wb") as generator:
        fcntl.ioctl(generator, RNDADDENTROPY, struct.pack("ii", 8 * len(seed), len(seed)) + seed)
        fcntl.ioctl(generator, RNDRESEEDCRNG)
    port.send(wire.READY)


def feed(port, pipe):
    """Hand input on to the command, and swallow what it does not want to read any more."""
    for data in port.stdin():
        try:
            pipe.write(data)
        except BrokenPipeError:
            pass
    pipe.close()


def relay(port, process):
    """Pass on what the command writes, until it has ended and its pipes are empty.

    Its own end counts, not the end of its output: a daemon that it leaves behind may
    hold the pipes open for ever.
    """
    kinds = {process.stdout: wire.STDOUT, process.stderr: wire.STDERR}
    with selectors.DefaultSelector() as selector, open(os.pidfd_open(process.pid)) as ended:
        selector.register(ended, selectors.EVENT_READ)
        for pipe in kinds:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        ready = []
        while ended not in ready:
            ready = [key.fileobj for key, _ in selector.select()]
            for pipe in kinds.keys() & ready:
                if not forward(port, kinds[pipe], pipe):
                    selector.unregister(pipe)
    for pipe, kind in kinds.items():
        forward(port, kind, pipe)


def forward(port, kind, pipe):
    """Send what the pipe holds now (a chunk is as much as it can). False at its end."""
    data = pipe.read(wire.CHUNK)
    if data:
        port.send(kind, data)
    return data != b""


def attend(port, process):
    """Carry input and output of a started command; its status, as a shell reports it."""
    with process:
        feeder = threading.Thread(target=feed, args=(port, process.stdin))
        feeder.start()
        relay(port, process)
        feeder.join()
        status = process.wait()
    return status if status >= 0 else 128 - status


def refuse(port, error):
    """What a shell would say and return for a command that cannot be started."""
    for _ in port.stdin():
        pass
    port.send(wire.STDERR, f"vm: {os.fsdecode(error.filename)}: {error.strerror}\n".encode())
    return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN


def execute(port, message):
    """One command, from START to EXIT."""
    directory, *arguments = message.split(b"\0")
    try:
        process = subprocess.Popen(
            arguments, cwd=directory, env=ENVIRONMENT, bufsize=0, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        status = refuse(port, error)
    else:
        status = attend(port, process)
    port.send(wire.EXIT, bytes([status]))


def main():
    port = Port()
    serve = {wire.WAKE: wake, wire.START: execute}
    while True:
        kind, message = port.receive()
        serve[kind](port, message)


main()
