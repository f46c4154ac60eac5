"""One emulator process: what the machine is made of, its sockets, its console, its end.

Emulated instructions (TCG) always, never KVM: on a host that is itself a nested guest,
making a KVM machine succeeds and then a stock kernel hangs in it.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

PROGRAM = "qemu-system-x86_64"
MEMORY = "2048M"
HARDWARE = (
    "-machine", "q35,smm=off,memory-backend=ram", "-accel", "tcg,thread=multi",
    "-cpu", "Nehalem", "-smp", "2", "-m", MEMORY,
    "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    "-device", "virtio-blk-pci,drive=root",
    "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent",
    "-mon", "chardev=monitor,mode=control",
    # A network card on a wire, at whose other end nobody is but where an outside is plugged in.
    "-netdev", "hubport,id=card,hubid=0", "-device", "virtio-net-pci,netdev=card,romfile=",
)
KERNEL_ARGUMENTS = (
    "console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=unstable no_timer_check "
    "net.ifnames=0"
)
MONITOR_TIMEOUT = 30  # seconds; an answer takes milliseconds
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def version():
    """The emulator's full version, package revision included; a saved state is bound to it."""
    return subprocess.run([PROGRAM, "--version"], check=True, capture_output=True).stdout


def boot(image):
    """What to start, and what a restored machine was started from."""
    return ["-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd", "-append", KERNEL_ARGUMENTS]


def drive(path, *options):
    """The root disk. It lives as long as the machine, so nothing waits for a real disk."""
    return ["-drive", ",".join([f"file={path},format=qcow2,if=none,id=root,cache=unsafe", *options])]


def outside(tap):
    """The other end of the card's wire, an open network device."""
    return ["-netdev", f"tap,id=outside,fd={tap}", "-netdev", "hubport,id=socket,hubid=0,netdev=outside"]


def memory(path, share):
    """The memory, mapped from a file: written back to it (share=on) or copy-on-write."""
    return ["-object", f"memory-backend-file,id=ram,size={MEMORY},mem-path={path},share={share}"]


class QemuError(Exception):
    """The emulator refused a command of ours."""


class Qemu:
    """A running emulator. `agent` is our end of the wire to the agent inside."""

    def __init__(self, arguments, state=None, descriptors=()):
        """Boot, or go on from the devices that save() wrote to the file `state`. Arguments may name the descriptors."""
        self.agent, agent = socket.socketpair()
        self._monitor, monitor = socket.socketpair()
        self._monitor.settimeout(MONITOR_TIMEOUT)
        self._answers = self._monitor.makefile()
        self._output = tempfile.TemporaryFile()
        with agent, monitor:
            self._process = subprocess.Popen(
                [PROGRAM, *HARDWARE, *_wired("agent", agent), *_wired("monitor", monitor),
                 *arguments, *(["-incoming", "defer"] if state else [])],
                pass_fds=[agent.fileno(), monitor.fileno(), *descriptors], preexec_fn=_die_with(os.getpid()),
                stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)
        try:
            self._prepare(state)
        except BaseException:
            self.kill()
            raise

    def _prepare(self, state):
        self.control("qmp_capabilities")
        # The memory stays in its file and is neither written to the state nor read from it.
        self.control("migrate-set-capabilities", capabilities=[
            {"capability": "x-ignore-shared", "state": True}])
        if state:
            with open(state, "rb") as file:
                self._pass(file)
            self.control("migrate-incoming", uri="fd:state")

    @property
    def pid(self):
        return self._process.pid

    def console(self):
        """What kernel and emulator have said so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def control(self, command, *, descriptors=(), **arguments):
        """Execute one QMP command; its answer. The emulator's greeting and events are skipped."""
        request = json.dumps({"execute": command, "arguments": arguments}).encode()
        socket.send_fds(self._monitor, [request], descriptors)
        for line in self._answers:
            answer = json.loads(line)
            if "error" in answer:
                raise QemuError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise QemuError(f"{command}: the emulator has ended: {self.console()}")

    def _pass(self, file):
        """Give the emulator an open file, which it then calls fd:state."""
        self.control("getfd", fdname="state", descriptors=[file.fileno()])

    def save(self, state):
        """Write the devices to the file `state` and end.

        The machine is not paused before, so a restored one runs without being told.
        """
        with open(state, "wb") as file:
            self._pass(file)
        self.control("migrate", uri="fd:state")
        while (status := self.control("query-migrate").get("status")) != "completed":
            if status in ("failed", "cancelled"):
                raise QemuError(f"the state was not saved: migration {status}")
            time.sleep(0.05)
        self.control("quit")
        self._process.wait()

    def kill(self):
        """A power cut. The console stays readable."""
        self._process.kill()
        self._process.wait()
        self.agent.close()
        self._answers.close()
        self._monitor.close()


def _wired(name, end):
    """A character device of that name on our socket: no path, nothing to remove."""
    return ["-chardev", f"socket,id={name},fd={end.fileno()}"]


def _die_with(parent):
    """For the child: be killed when the harness ends, however it ends, even before now."""
    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    return prepare
