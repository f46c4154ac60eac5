"""Fresh machines from the warm state, for tests that want several commands in one.

    with Machine(timeout=60) as machine:
        machine.put_directory("build/stage", "/")
        print(machine.run(["vserver", "list"]).stdout)
"""

import cache
import guest
import qemu


class Machine(guest.Guest):
    """One Debian 12 machine, the same at each birth, gone with this object.

    Memory and disk are the saved ones, copy-on-write, so any number may run side by side.
    The emulator dies with the thread that made it: make it where it is used.
    """

    def __init__(self, timeout=120):
        state = cache.warm()
        if not state.exists():
            raise guest.GuestError("this checkout has no saved machine yet: run tests/vm/setup")
        emulator = qemu.Qemu([
            *qemu.boot(cache.image()),
            *qemu.memory(state / "memory", share="off"),
            *qemu.drive(state / "disk.qcow2", "snapshot=on"),
        ], state / "devices")
        super().__init__(emulator, timeout)
