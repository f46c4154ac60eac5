"""Makes what a run restores, unless it is there: the image, then the warm state."""

import pathlib
import shutil
import subprocess
import sys

import cache
import guest
import qemu
import warm

RECIPE = pathlib.Path(__file__).resolve().parent / "image"


def make_image(directory):
    print("vm: building the image", file=sys.stderr)
    root = directory / "root"
    subprocess.run([RECIPE / "make-root", root], check=True)
    subprocess.run([RECIPE / "make-boot", root, directory], check=True)
    shutil.rmtree(root)


def make_state(directory):
    print("vm: booting it and saving the warm state", file=sys.stderr)
    warm.save(cache.image(), directory)


def main():
    try:
        with cache.lock():
            cache.ensure(cache.image(), make_image)
            cache.ensure(cache.warm(), make_state)
    except subprocess.CalledProcessError as error:
        return error.returncode  # its reason is printed; 77 from make-root is ours too
    except (guest.GuestError, qemu.QemuError) as error:
        print(f"vm: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
