"""Where built things are kept, each under a name made from the content it was built from.

    image-KEY/   vmlinuz, initrd, disk.img: from the recipe in this directory
    warm-KEY/    disk.qcow2, memory, devices: from an image by this emulator
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import tempfile

import qemu

HERE = pathlib.Path(__file__).resolve().parent
BASE = pathlib.Path(os.environ.get("VSERVER_CACHE", "~/.cache/vserver")).expanduser() / "vm"
_STAGING = "new-"


def image():
    """The directory of the image that this checkout describes, there or not."""
    return BASE / f"image-{_digest(_contents(_recipe()))}"


def warm():
    """The directory of the saved state that belongs to it on this machine."""
    recipe = _contents([HERE / "qemu.py", HERE / "warm.py"])
    return BASE / f"warm-{_digest([image().name, qemu.version(), *recipe])}"


@contextlib.contextmanager
def lock():
    """One builder at a time. What a killed one left is removed."""
    BASE.mkdir(parents=True, exist_ok=True)
    with open(BASE / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for stale in BASE.glob(_STAGING + "*"):
            shutil.rmtree(stale)
        yield


def ensure(directory, build):
    """Have build(staging) make the directory unless it exists; it appears whole or not at all."""
    if directory.exists():
        return
    staging = pathlib.Path(tempfile.mkdtemp(prefix=_STAGING, dir=BASE))
    try:
        build(staging)
        staging.rename(directory)
    except BaseException:
        shutil.rmtree(staging)
        raise


def _recipe():
    return [*sorted((HERE / "image").iterdir()), HERE / "agent.py", HERE / "wire.py"]


def _contents(paths):
    return [part for path in paths for part in (path.name, path.read_bytes())]


def _digest(parts):
    """Short, and no two lists of parts run together to the same text."""
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:16]
