"""Boots the image once and saves the machine when it is idle and its agent listens."""

import subprocess

import guest
import qemu

TIMEOUT = 900    # fifteen seconds on an idle machine
# The kernel would load these on demand; a machine that has them answers sooner.
SETTLE = """
systemctl is-system-running --wait || { systemctl --failed; exit 1; }
modprobe --all overlay veth nf_tables nft_ct nft_nat nf_conntrack tun
sync
"""


def save(image, directory):
    """Make the directory's disk.qcow2, memory and devices."""
    disk = directory / "disk.qcow2"
    # A relative name: image and state may move together.
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
                    "-b", f"../{image.name}/disk.img", disk], check=True)
    emulator = qemu.Qemu(
        [*qemu.boot(image), *qemu.drive(disk), *qemu.memory(directory / "memory", share="on")])
    with guest.Guest(emulator, TIMEOUT) as machine:
        settle(machine)
        emulator.save(directory / "devices")


def settle(machine):
    """Wait for the end of the boot; a unit that failed would fail in every test."""
    result = machine.run(["sh", "-euc", SETTLE])
    if result.returncode:
        raise guest.GuestError((result.stdout + result.stderr).decode())
