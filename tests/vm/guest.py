"""A machine whose agent listens: commands go in, their output and status come out."""

import io
import os
import subprocess
import threading
import time

import wire

TAIL = 40  # lines of console that explain a failure
# Into a directory that may not exist yet. One that does, / say, keeps its mode and its links.
UNPACK = ("sh", "-c", 'mkdir -p "$1" && exec tar -xp --numeric-owner --no-overwrite-dir '
          '--keep-directory-symlink -C "$1" -f -', "unpack")


class GuestError(Exception):
    """The machine ended, could not start, or did not take what it was given."""


class DeadlineExceeded(GuestError):
    """The machine's time is over; it has been killed."""


class Guest:
    """Talks to the agent of one emulator, which ends with this object.

    The deadline is the machine's: whatever is asked of it must be done by then.
    """

    def __init__(self, emulator, timeout):
        self._emulator = emulator
        self._socket = emulator.agent
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        try:
            self._wake()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        """The emulator's process id, for tests of the harness itself."""
        return self._emulator.pid

    def close(self):
        self._emulator.kill()

    def run(self, arguments, stdin=b"", directory="/root"):
        """Run one command; its status and both outputs as a CompletedProcess."""
        out, err = bytearray(), bytearray()
        status = self.stream(arguments, out.extend, err.extend, io.BytesIO(stdin), directory)
        return subprocess.CompletedProcess(arguments, status, bytes(out), bytes(err))

    def stream(self, arguments, out, err, stdin=None, directory="/root"):
        """Run one command, handing its output to out(data) and err(data); its status."""
        self._socket.sendall(wire.frame(wire.START, b"\0".join(map(os.fsencode, [directory, *arguments]))))
        feeder = threading.Thread(target=self._feed, args=(stdin or io.BytesIO(),))
        feeder.start()
        try:
            return self._collect({wire.STDOUT: out, wire.STDERR: err}, until=wire.EXIT)[0]
        except BaseException:
            self.close()  # a command half heard: nothing more can be asked of this machine
            raise
        finally:
            feeder.join()

    def put_directory(self, source, destination):
        """Copy a directory's contents into a directory inside."""
        packer = subprocess.Popen(["tar", "-C", source, "-c", "-f", "-", "."],
                                  stdout=subprocess.PIPE)
        with packer:
            self._unpack([*UNPACK, destination], packer.stdout)
        if packer.returncode:
            raise GuestError(f"tar cannot read all of {source}")

    def put_file(self, source, destination):
        """Copy one file to a path inside, with its permission bits."""
        with open(source, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o7777
            self._unpack(["install", "-D", "-m", f"{mode:o}", "/dev/stdin", destination], file)

    def _unpack(self, arguments, stdin):
        errors = bytearray()
        if self.stream(arguments, errors.extend, errors.extend, stdin):
            raise GuestError(f"cannot copy into the machine: {errors.decode(errors='replace')}")

    def _wake(self):
        self._socket.sendall(wire.frame(wire.WAKE, wire.CLOCK.pack(time.time()) + os.urandom(64)))
        self._collect({}, until=wire.READY)

    def _feed(self, stdin):
        """In a thread of its own: the command may write before it has read everything."""
        try:
            while data := stdin.read(wire.CHUNK):
                self._socket.sendall(wire.frame(wire.STDIN, data))
            self._socket.sendall(wire.frame(wire.STDIN))
        except OSError:
            pass  # the machine ended, which the reading side reports

    def _collect(self, outputs, until):
        """Hand frames to the outputs until one of the awaited kind comes; its contents."""
        while True:
            kind, data = self._receive()
            if kind == until:
                return data
            outputs[kind](data)

    def _receive(self):
        try:
            return wire.receive(self._read)
        except TimeoutError:
            raise DeadlineExceeded(self._with_console(f"not done after {self._timeout} s")) from None
        except (EOFError, ConnectionError):
            raise GuestError(self._with_console("the machine has ended")) from None

    def _read(self, size):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv(size)

    def _with_console(self, reason):
        lines = filter(str.strip, self._emulator.console().splitlines())
        return "\n".join([reason, "the console's last lines:", *list(lines)[-TAIL:]])
