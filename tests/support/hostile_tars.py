#!/usr/bin/env python3
"""hostile_tars.py DIR: writes archives that try something, and DIR/cases that says what has to come of each.

A line of `cases` is FILE, TAB, "refused", TAB, a piece of the message; or FILE, TAB, "taken", TAB, a shell condition that holds
in the tree that was made.
"""
import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile

GIB = 1 << 30
LONG = "x" * 256
CAPABILITY = "\x01\x00\x00\x02\x00\x20" + "\x00" * 14
FOREIGN_CAPABILITY = "\x01\x00\x00\x03\x00\x20" + "\x00" * 14 + "\x01\x00\x00\x00"


def entry(name, kind=tarfile.REGTYPE, data=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(data)
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def directory(name, **attributes):
    return entry(name, tarfile.DIRTYPE, **attributes)


def symlink(name, target, **attributes):
    return entry(name, tarfile.SYMTYPE, linkname=target, **attributes)


def hard_link(name, target, **attributes):
    return entry(name, tarfile.LNKTYPE, linkname=target, **attributes)


def tar(*entries, format=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format, errors="surrogateescape") as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def raw_header(name, kind=b"0", size=b"00000000000\0", uid=b"0000000\0", magic=b"ustar\x0000"):
    """A header that the library would not write."""
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = uid
    block[116:124] = b"0000000\0"
    block[124:136] = size
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = magic
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = b"\0" * 1024
SYSTEM = (directory("etc"), entry("etc/motd", data=b"hello\n"))


def base256(value, width):
    return (value | (1 << (8 * width - 1))).to_bytes(width, "big")


def gnu_sparse(name, real_size, pieces):
    """An old GNU sparse header: `pieces` are (offset, bytes)."""
    data = b"".join(piece for _, piece in pieces)
    block = bytearray(raw_header(name, b"S", b"%011o\0" % len(data), magic=b"ustar  \0"))
    at = 386
    for offset, piece in pieces[:4]:
        block[at:at + 24] = base256(offset, 12) + base256(len(piece), 12)
        at += 24
    block[483:495] = base256(real_size, 12)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + b"\0" * (-len(data) % 512)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def cpio():
    return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"etc\n", stdout=subprocess.PIPE, check=True, cwd="/").stdout


def zip_file():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("etc/motd", "hello")
    return out.getvalue()


def noise(size):
    state, out = 1, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out += state.to_bytes(8, "big")
    return bytes(out[:size])


def damaged(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:]


BIG = tar(*SYSTEM, entry("big", data=noise(200_000)))

REFUSED = {
    "absolute name": (tar(entry("/etc/evil")), "name is absolute"),
    "absolute directory": (tar(directory("/")), "name is absolute"),
    "climbing name": (tar(entry("../evil")), "climbs out"),
    "climbing name in the middle": (tar(directory("a"), entry("a/../../evil")), "climbs out"),
    "climbing name that stays inside": (tar(directory("a"), entry("a/../b")), "climbs out"),
    "only dots": (tar(directory("..")), "climbs out"),
    "climbing after dot": (tar(entry("./../evil")), "climbs out"),
    "file through an absolute link": (tar(symlink("a", "/var/tmp"), entry("a/evil")), "is a link or no directory"),
    "file through a climbing link": (tar(symlink("a", "../../../../../.."), entry("a/evil")), "is a link or no directory"),
    "file through a harmless link": (tar(directory("b"), symlink("a", "b"), entry("a/x")), "is a link or no directory"),
    "file through a chain of links": (tar(symlink("a", "b"), symlink("b", "/"), entry("a/evil")), "is a link or no directory"),
    "file through a link to itself": (tar(symlink("a", "a"), entry("a/evil")), "is a link or no directory"),
    "file through a magic link": (tar(symlink("a", "/proc/self/root"), entry("a/evil")), "is a link or no directory"),
    "directory through a link": (tar(symlink("a", "/var/tmp"), directory("a/evil")), "is a link or no directory"),
    "link through a link": (tar(symlink("a", "/var/tmp"), symlink("a/evil", "x")), "is a link or no directory"),
    "fifo through a link": (tar(symlink("a", "/var/tmp"), entry("a/evil", tarfile.FIFOTYPE)), "is a link or no directory"),
    "hard link through a link": (tar(entry("f"), symlink("a", "/var/tmp"), hard_link("a/evil", "f")), "is a link or no directory"),
    "hard link to an absolute name": (tar(hard_link("h", "/etc/shadow")), "name is absolute"),
    "hard link that climbs": (tar(hard_link("h", "../../../../etc/shadow")), "climbs out"),
    "hard link to a link": (tar(symlink("s", "/etc/shadow"), hard_link("h", "s")), "hard link to 's'"),
    "hard link by way of a link": (tar(symlink("d", "/etc"), hard_link("h", "d/shadow")), "hard link to 'd/shadow'"),
    "hard link to nothing": (tar(hard_link("h", "absent")), "hard link to 'absent'"),
    "hard link to a directory": (tar(directory("d"), hard_link("h", "d")), "it is no plain file"),
    "hard link to a fifo": (tar(entry("p", tarfile.FIFOTYPE), hard_link("h", "p")), "it is no plain file"),
    "hard link to the root": (tar(hard_link("h", ".")), "it is no plain file"),
    "hard link to itself": (tar(entry("h"), hard_link("h", "h")), "a link to itself"),
    "hard links that fill the disk": (
        gnu_sparse(b"f", 40 * GIB, [(0, b"x" * 512)]) + tar(hard_link("a", "f"), hard_link("b", "f")),
        "more than 64G together"),
    "file over a directory": (tar(directory("d"), entry("d/x"), entry("d")), "would replace a directory"),
    "file over an empty directory": (tar(directory("d"), entry("d")), "would replace a directory"),
    "link over a directory": (tar(directory("d"), symlink("d", "/etc")), "would replace a directory"),
    "fifo over a directory": (tar(directory("d"), entry("d", tarfile.FIFOTYPE)), "would replace a directory"),
    "file as the root": (tar(entry(".")), "would replace the root"),
    "link as the root": (tar(symlink("./", "/etc")), "would replace the root"),
    "file below a file": (tar(entry("f"), entry("f/x")), "is a link or no directory"),
    "no name": (raw_header(b"") + END, "it has no name"),
    "part of a name too long": (tar(entry(LONG)), "more than 255 bytes"),
    "name too long": (tar(entry("d/" * 2100 + "x")), "longer than 4000 bytes"),
    "link target too long": (tar(symlink("s", "y" * 4096)), "longer than 4095 bytes"),
    "link without target": (raw_header(b"s", b"2") + END, "link without target"),
    "owner beyond the server": (tar(entry("f", uid=65536)), "not within 0..65535"),
    "group beyond the server": (tar(entry("f", gid=4294967295)), "not within 0..65535"),
    "negative owner": (raw_header(b"f", uid=b"\xff" * 8) + END, "not within 0..65535"),
    "sparse bomb": (gnu_sparse(b"bomb", 100 << 40, [(0, b"x" * 512)]) + END, "more than 64G together"),
    "many smaller bombs": (
        b"".join(gnu_sparse(b"bomb%d" % i, 10 * GIB, [(0, b"x" * 512)]) for i in range(8)) + END, "more than 64G together"),
    "size of an exbibyte": (raw_header(b"f", size=base256(1 << 60, 12)) + END, "more than 64G together"),
    "negative size": (raw_header(b"f", size=b"\xff" * 12) + END, ""),
    "sparse data beyond the size": (gnu_sparse(b"f", 100, [(0, b"x" * 512), (1 << 40, b"y" * 512)]) + END, ""),
    "truncated data": (BIG[:100_000], "cannot be read"),
    "truncated header": (BIG[:700 + 512], ""),
    "truncated gzip": (gzip.compress(BIG)[:100_000], "cannot be read"),
    "truncated xz": (lzma.compress(BIG)[:100_000], "cannot be read"),
    "truncated zstd": (zstd(BIG)[:100_000], "cannot be read"),
    "damaged xz": (damaged(lzma.compress(BIG), 100_000), "cannot be read"),
    "damaged header": (damaged(BIG, 512 + 20), "cannot be read"),
    "noise": (noise(100_000), "cannot be read"),
    "nothing": (b"", "the archive is empty"),
    "no entries": (END, "the archive is empty"),
    "zip": (zip_file(), "cannot be read"),
    "cpio": (cpio(), "cannot be read"),
    "bzip2": (bz2.compress(BIG), "cannot be read"),
    "system one level down": (tar(directory("rootfs"), directory("rootfs/etc"), directory("rootfs/usr")), "tar -C rootfs"),
}

ACL = {"SCHILY.acl.access": "user::rw-,user:1000:rwx,group::r--,mask::rwx,other::r--"}
TAKEN = {
    "plain": (tar(*SYSTEM), "[ $(cat etc/motd) = hello ]"),
    "dot slash": (tar(directory("."), directory("./etc"), entry("./etc/motd", data=b"hello\n")), "[ -f etc/motd ]"),
    "ustar": (tar(*SYSTEM, format=tarfile.USTAR_FORMAT), "[ -f etc/motd ]"),
    "gnu with a long name": (tar(entry("d/" * 100 + "f", data=b"x"), format=tarfile.GNU_FORMAT), f"[ -f {'d/' * 100}f ]"),
    "gzip": (gzip.compress(BIG), "[ $(stat -c %s big) = 200000 ]"),
    "xz": (lzma.compress(BIG), "[ $(stat -c %s big) = 200000 ]"),
    "zstd": (zstd(BIG), "[ $(stat -c %s big) = 200000 ]"),
    "devices": (tar(*SYSTEM, entry("c", tarfile.CHRTYPE, devmajor=1, devminor=5), entry("b", tarfile.BLKTYPE, devmajor=8)),
                "[ ! -e c ] && [ ! -e b ]"),
    "whiteout": (tar(*SYSTEM, entry("w", tarfile.CHRTYPE, devmajor=0, devminor=0)), "[ ! -e w ]"),
    "fifo": (tar(*SYSTEM, entry("p", tarfile.FIFOTYPE, mode=0o620, uid=5)), "[ \"$(stat -c '%F %a %u' p)\" = 'fifo 620 5' ]"),
    "setuid": (tar(*SYSTEM, entry("s", mode=0o6755, uid=7, gid=8)), "[ \"$(stat -c '%a %u %g' s)\" = '6755 7 8' ]"),
    "last owner": (tar(*SYSTEM, entry("s", uid=65535, gid=65535)), "[ \"$(stat -c '%u %g' s)\" = '65535 65535' ]"),
    "overlay attributes": (
        tar(*SYSTEM, directory("d", pax_headers={"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.trusted.overlay.opaque": "y"})),
        "[ -z \"$(getfattr -d -m - d)\" ]"),
    "labels": (tar(*SYSTEM, entry("f", pax_headers={"SCHILY.xattr.security.selinux": "x", "SCHILY.xattr.user.note": "kept"})),
               "[ \"$(getfattr --absolute-names -d -m - f | grep =)\" = 'user.note=\"kept\"' ]"),
    "capability": (tar(*SYSTEM, entry("f", pax_headers={"SCHILY.xattr.security.capability": CAPABILITY})),
                   "getcap f | grep -q cap_net_raw"),
    "capability of another machine": (tar(*SYSTEM, entry("f", pax_headers={"SCHILY.xattr.security.capability": FOREIGN_CAPABILITY})),
                                      "[ -z \"$(getcap f)\" ]"),
    "access control list": (tar(*SYSTEM, entry("f", pax_headers=ACL)), "[ -z \"$(getfattr -d -m - f)\" ]"),
    "duplicate": (tar(*SYSTEM, entry("f", data=b"1"), entry("f", data=b"2")), "[ $(cat f) = 2 ]"),
    "directory over a file": (tar(*SYSTEM, entry("d"), directory("d"), entry("d/x")), "[ -f d/x ]"),
    "directory over a link": (tar(*SYSTEM, symlink("d", "/var/tmp"), directory("d"), entry("d/x")), "[ ! -L d ] && [ -f d/x ]"),
    "file over a link": (tar(*SYSTEM, symlink("f", "/var/tmp/witness"), entry("f", data=b"new")), "[ ! -L f ] && [ $(cat f) = new ]"),
    "link over a file": (tar(*SYSTEM, entry("f"), symlink("f", "/etc/shadow")), "[ $(readlink f) = /etc/shadow ]"),
    "absolute link": (tar(*SYSTEM, symlink("s", "/etc/shadow")), "[ $(readlink s) = /etc/shadow ]"),
    "climbing link": (tar(*SYSTEM, symlink("s", "../../../etc/shadow")), "[ $(readlink s) = ../../../etc/shadow ]"),
    "hard link": (tar(*SYSTEM, entry("a", data=b"x", mode=0o4711, uid=3), hard_link("b", "a")),
                  "[ \"$(stat -c '%h %a %u %s' b)\" = '1 4711 3 1' ] && [ $(stat -c %h a) = 1 ]"),
    "missing parents": (tar(entry("usr/a/b/c", data=b"x")), "[ \"$(stat -c %a usr/a)\" = 755 ] && [ -f usr/a/b/c ]"),
    "closed directory": (tar(*SYSTEM, directory("d", mode=0), entry("d/x"), directory("d/e", mode=0), entry("d/e/y")),
                         "[ $(stat -c %a d) = 0 ] && [ -f d/e/y ]"),
    "times of directories": (tar(*SYSTEM, directory("d", mtime=1000), entry("d/x")), "[ $(stat -c %Y d) = 1000 ]"),
    "bytes that are no text": (tar(*SYSTEM, entry("caf\udce9"), format=tarfile.GNU_FORMAT), "[ -f $'caf\\xe9' ]"),
    "text": (tar(*SYSTEM, entry("caf\u00e9")), "[ -f $'caf\\xc3\\xa9' ]"),
    "control characters": (tar(*SYSTEM, entry("a\x1b[2J\nb")), "[ -f $'a\\x1b[2J\\nb' ]"),
    "small sparse file": (gnu_sparse(b"etc/f", 1 << 20, [(4096, b"x" * 512)]) + END,
                          "[ $(stat -c %s etc/f) = 1048576 ] && [ $(stat -c %b etc/f) -lt 100 ]"),
    "trailing noise": (tar(*SYSTEM) + noise(5000), "[ -f etc/motd ]"),
}


def main(where):
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, "cases"), "w") as cases:
        for verdict, table in (("refused", REFUSED), ("taken", TAKEN)):
            for name, (data, check) in table.items():
                file = name.replace(" ", "_") + ".tar"
                with open(os.path.join(where, file), "wb") as out:
                    out.write(data)
                cases.write(f"{file}\t{verdict}\t{check}\n")


if __name__ == "__main__":
    main(sys.argv[1])
