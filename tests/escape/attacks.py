#!/usr/bin/env python3
"""attacks.py [--nested] [GROUP...]: attacks on the host from inside a server, as whoever runs it.

One line for each attempt: what came of it (an errno, or "done"), whether that is right, and what was tried. The status is 1
where something was done that must be refused. What may be done because it hurts nobody ("any") is for the canary to judge.
--nested   does it all as root of a user, mount and network namespace made here.
"""
import ctypes, errno, os, re, socket, stat, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
failures = 0
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_FORCE, MNT_DETACH = 1, 2
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
# The numbers of x86-64 where the architectures differ.
CALLS = {"iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179, "swapon": 167, "acct": 163,
         "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "kexec_load": 246, "add_key": 248, "request_key": 249,
         "keyctl": 250, "perf_event_open": 298, "open_by_handle_at": 304, "kcmp": 312, "finit_module": 313,
         "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "fanotify_init": 300, "syslog": 103}


def must(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def attempt(what, action, right="refused"):
    """Does it in a child, so that an attempt that succeeds changes nothing for the next."""
    global failures
    sys.stdout.flush()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            outcome = action() or "done"
        except OSError as error:
            outcome = errno.errorcode.get(error.errno, str(error.errno))
        os.write(write, outcome.encode())
        os._exit(0)
    os.close(write)
    outcome = os.read(read, 4096).decode()
    os.close(read)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    outcome = outcome or f"ended {ended}"
    wrong = outcome.startswith("done") and (right == "refused" or outcome != "done")
    failures += wrong
    print(f"{'WRONG' if wrong else 'ok':5} {outcome:12} {what}")


def mount(source, target, kind, flags=0, data=None):
    encode = lambda text: text.encode() if text is not None else None
    return must(libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)))


def call(name, *arguments):
    must(libc.syscall(ctypes.c_long(CALLS[name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]))


def write(path, text, flags=os.O_WRONLY):
    fd = os.open(path, flags)
    os.write(fd, text.encode())


def mounts_here():
    for line in open("/proc/self/mountinfo"):
        words = line.split()
        yield words[4].encode().decode("unicode_escape"), words[5], words[words.index("-") + 1]


def its_own(kind, point):
    """What the server's init has mounted, and may take away."""
    return kind == "tmpfs" and point in ("/run", "/run/lock", "/run/shm", "/tmp")


def mounts():
    """Every mount of the tree remounted with all rights, made shared, covered, and taken away."""
    for point, options, kind in list(mounts_here()):
        if its_own(kind, point):
            continue
        restricted = any(word in options.split(",") for word in ("ro", "nosuid", "nodev", "noexec"))
        wanted = "refused" if restricted else "any"
        attempt(f"remount,bind,rw,dev,suid,exec {point} ({kind} {options})", lambda: mount(None, point, None, MS_REMOUNT | MS_BIND), wanted)
        attempt(f"remount,rw,dev,suid,exec {point}", lambda: mount(None, point, None, MS_REMOUNT), wanted)
        for flags, how in ((0, "umount"), (MNT_DETACH, "umount -l"), (MNT_FORCE, "umount -f")):
            attempt(f"{how} {point}", lambda: must(libc.umount2(point.encode(), flags)) and None)
        if os.path.isdir(point) and point != "/":
            def covered():
                os.makedirs("/tmp/away", exist_ok=True)
                must(libc.unshare(NEWNS))
                mount(point, "/tmp/away", None, MS_BIND)  # alone, without what covers parts of it
            attempt(f"bind {point} without what is mounted below", covered, "any" if not below(point) else "refused")


def below(point):
    return any(other.startswith(point + "/") for other, _, kind in mounts_here() if kind != "tmpfs" or "/sys/" in other or "/proc/" in other)


def fresh():
    """File systems of one's own: those of the kernel's own affairs, those on a disk, version 1 of cgroups."""
    refused = ["debugfs", "tracefs", "securityfs", "configfs", "pstore", "efivarfs", "ext4", "xfs", "btrfs", "squashfs", "iso9660",
               "vfat", "devtmpfs", "hugetlbfs", "fusectl", "rpc_pipefs"]
    for kind in refused + ["proc", "sysfs", "devpts", "tmpfs", "cgroup2", "binfmt_misc", "mqueue", "overlay", "ramfs"]:
        def act():
            point = f"/tmp/fresh-{kind}-{os.getuid()}"
            os.makedirs(point, exist_ok=True)
            if os.getuid() == 0:
                must(libc.unshare(NEWNS))
            mount("none", point, kind)
            found = []
            for host in ("sys/kernel/core_pattern", "sys/vm/drop_caches", "sysrq-trigger", "kernel/uevent_helper", "release_agent"):
                try:
                    os.close(os.open(f"{point}/{host}", os.O_WRONLY))
                    found.append(host)
                except OSError:
                    pass
            return "done" if not found else "done WRITABLE " + " ".join(found)
        attempt(f"mount -t {kind}", act, "refused" if kind in refused else "any")
    for options in ("memory", "pids", "cpu", "freezer", "devices", "none,name=x", "none,name=x,release_agent=/tmp/x"):
        attempt(f"mount -t cgroup -o {options} and change what is there", lambda: old_groups(options))


def old_groups(options):
    """The kernel lets a namespace's root mount version 1; its own part of it, and nothing there may be its to change."""
    must(libc.unshare(NEWNS))
    mount("none", "/tmp", "cgroup", 0, options)
    changed = []
    for directory, _, names in os.walk("/tmp"):
        for name in names:
            try:
                os.close(os.open(f"{directory}/{name}", os.O_WRONLY))
                changed.append(name)
            except OSError:
                pass
    try:
        os.mkdir("/tmp/own")
        changed.append("mkdir")
    except OSError:
        pass
    return f"done WRITABLE {' '.join(changed)}" if changed else "no rights"


def nodes():
    for what, kind, major, minor in (("disk", stat.S_IFBLK, 8, 0), ("loop", stat.S_IFBLK, 7, 0), ("mem", stat.S_IFCHR, 1, 1),
                                     ("kmsg", stat.S_IFCHR, 1, 11), ("null", stat.S_IFCHR, 1, 3), ("fuse", stat.S_IFCHR, 10, 229)):
        attempt(f"mknod {what}", lambda: os.mknod(f"/tmp/node-{what}-{os.getpid()}", kind | 0o666, os.makedev(major, minor)))
    for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/loop-control", "/dev/sda", "/dev/vda", "/proc/kcore"):
        attempt(f"open {path}", lambda: os.close(os.open(path, os.O_RDWR)))


# What is a namespace's own, and may be written by its root.
NAMESPACED = re.compile(r"/proc/sys/(kernel/(hostname|domainname|shm|msg|sem|auto_msgmni|ns_last_pid|pid_max$)|fs/mqueue/|user/)"
                        r"|/proc/(self|thread-self|[0-9]+)/|/sys/fs/cgroup/")


def keys():
    """Every file below /proc/sys and /sys, and those of /proc itself, opened for writing; what opens gets its own value again."""
    found, tried = [], 0
    for top in ("/proc/sys", "/sys"):
        for directory, _, names in os.walk(top):
            for name in names:
                path, tried = f"{directory}/{name}", tried + 1
                try:
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                    found.append(path)
                except OSError:
                    pass
    for name in os.listdir("/proc"):
        path = f"/proc/{name}"
        if os.path.isfile(path) and not os.path.islink(path):
            attempt(f"open {path} for writing", lambda: os.close(os.open(path, os.O_WRONLY)))
    foreign = [path for path in found if not NAMESPACED.match(path)]
    attempt(f"open {tried} files below /proc/sys and /sys for writing; the host's: {' '.join(foreign[:20])}",
            lambda: "done" if foreign else "none")
    for path in ("kernel/core_pattern", "kernel/modprobe", "kernel/sysrq", "vm/overcommit_memory", "kernel/panic", "fs/suid_dumpable"):
        attempt(f"write /proc/sys/{path}", lambda: write(f"/proc/sys/{path}", "1"))
    for path in ("net/ipv4/ipfrag_high_thresh", "net/ipv6/ip6frag_high_thresh", "net/ipv4/ip_forward"):
        def elsewhere():
            must(libc.unshare(NEWNET))
            write(f"/proc/sys/{path}", "1")
        attempt(f"write /proc/sys/{path}", lambda: write(f"/proc/sys/{path}", "1"))
        attempt(f"write /proc/sys/{path} of another network namespace", elsewhere)
    attempt("write b to /proc/sysrq-trigger", lambda: write("/proc/sysrq-trigger", "h"))
    attempt("write /sys/kernel/uevent_helper", lambda: write("/sys/kernel/uevent_helper", "/x"))


def calls():
    buffer = ctypes.create_string_buffer(4096)
    for name, *arguments in (("kexec_load", 0, 0, 0, 0), ("kexec_file_load", 0, 0, 0, buffer, 0), ("init_module", buffer, 4096, buffer),
                             ("finit_module", 0, buffer, 0), ("delete_module", buffer, 0), ("bpf", 0, buffer, 72), ("bpf", 5, buffer, 72),
                             ("perf_event_open", buffer, 0, -1, -1, 0), ("add_key", b"user", b"k", b"v", 1, -3), ("keyctl", 0, -4, 1),
                             ("request_key", b"user", b"k", 0, 0), ("io_uring_setup", 1, buffer), ("userfaultfd", 0),
                             ("open_by_handle_at", -100, buffer, 0), ("swapon", b"/tmp/x", 0), ("acct", b"/tmp/x"), ("quotactl", 0, 0, 0, 0),
                             ("settimeofday", buffer, 0), ("clock_settime", 0, buffer), ("iopl", 3), ("ioperm", 0, 1, 1),
                             ("syslog", 3, buffer, 4096), ("kcmp", 1, 2, 0, 0, 0)):
        attempt(name, lambda: call(name, *arguments))
    for family, name in ((38, "AF_ALG"), (40, "AF_VSOCK"), (17, "AF_PACKET"), (44, "AF_XDP"), (31, "AF_BLUETOOTH"), (29, "AF_CAN"), (15, "AF_KEY"), (21, "AF_RDS"), (30, "AF_TIPC")):
        attempt(f"socket {name}", lambda: socket.socket(family, socket.SOCK_RAW if family in (17, 44, 15) else socket.SOCK_DGRAM).close())
    for protocol, name in ((6, "XFRM"), (12, "NETFILTER"), (18, "SCSI"), (1, "unused")):
        attempt(f"socket NETLINK_{name}", lambda: socket.socket(16, socket.SOCK_RAW, protocol).close())


def root():
    here = os.stat("/")
    return here.st_dev, here.st_ino


def same_root(known):
    host = os.path.exists("/tmp/host-canary") or os.path.exists("/run/testhost")
    return None if host or root() not in known else "same root"


def chroots():
    known = {root()}

    def climb():
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        return same_root(known)

    def double():
        os.makedirs("/tmp/jail/inner", exist_ok=True)
        os.chdir("/tmp/jail")
        os.chroot("inner")  # the working directory stays outside
        return climb()

    def by_descriptor():
        os.makedirs("/tmp/jail", exist_ok=True)
        fd = os.open("/", os.O_RDONLY)
        os.chroot("/tmp/jail")
        os.fchdir(fd)
        return climb()

    def by_parent():
        fd = os.open("/", os.O_RDONLY)
        for _ in range(16):
            fd = os.open("..", os.O_RDONLY, dir_fd=fd)
        os.fchdir(fd)
        return climb()

    def by_pivot():
        os.makedirs("/tmp/new/old", exist_ok=True)
        must(libc.unshare(NEWNS))
        mount("none", "/tmp/new", "tmpfs")
        os.makedirs("/tmp/new/old")
        must(libc.syscall(155, b"/tmp/new", b"/tmp/new/old"))
        known.add(root())
        os.chroot("/old")
        return climb()

    def by_umount():
        must(libc.unshare(NEWNS))
        must(libc.umount2(b"/", MNT_DETACH))

    for act in (double, by_descriptor, by_parent, by_pivot, by_umount):
        attempt(f"leave the root: {act.__name__}", act)
    for pid in (1, "self", os.getppid()):
        attempt(f"/proc/{pid}/root is no other root", lambda: os.chroot(f"/proc/{pid}/root") or climb())
        attempt(f"/proc/{pid}/cwd/../../..", lambda: os.chdir(f"/proc/{pid}/cwd") or climb())


def namespaces():
    mine = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    for name in sorted(mine):
        def act():
            fd = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
            if os.readlink(f"/proc/1/ns/{name}") == mine[name]:
                return "our own"
            must(libc.setns(fd, 0))
        attempt(f"setns /proc/1/ns/{name}", act, "any" if "--nested" in sys.argv else "refused")
    attempt("setns to the parent of the user namespace", lambda: must(libc.setns(ioctl_fd("user", 0xb702), NEWUSER)) and None,
            "any" if "--nested" in sys.argv else "refused")
    attempt("setns to the owner of the mount namespace's user namespace's parent", lambda: ioctl_fd("pid", 0xb702) and None)
    for pid in map(int, os.environ.get("HOST_PIDS", "").split()):
        attempt(f"signal to the host's process {pid}", lambda: os.kill(pid, 9))


def ioctl_fd(name, request):
    fd = os.open(f"/proc/1/ns/{name}" if name != "user" else "/proc/self/ns/user", os.O_RDONLY)
    return must(libc.ioctl(fd, ctypes.c_ulong(request)))


def programs():
    """The host's programs that can be seen: PID 1's."""
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
        attempt(f"open /proc/1/exe with flags {flags:#x}", lambda: os.close(os.open("/proc/1/exe", flags)), "refused" if host_program() else "any")
    if host_program():
        attempt("chmod /proc/1/exe", lambda: os.chmod("/proc/1/exe", 0o4777))
        attempt("chown /proc/1/exe", lambda: os.chown("/proc/1/exe", 0, 0))
        attempt("setxattr /proc/1/exe", lambda: os.setxattr("/proc/1/exe", "security.capability", b"\1\0\0\2" + b"\xff" * 16))
        attempt("bind over /proc/1/exe's file", lambda: mount("/proc/1/exe", "/proc/1/exe", None, MS_BIND))


def host_program():
    try:
        return not os.path.exists(os.readlink("/proc/1/exe"))
    except OSError:
        return True


def groups_of_control():
    base = "/sys/fs/cgroup"
    for name in ("memory.max", "pids.max", "cpu.max", "cgroup.freeze", "cgroup.kill", "memory.high", "cpu.weight"):
        attempt(f"write {name} of the own root group", lambda: write(f"{base}/{name}", "max" if "max" in name else "1"))
    attempt("write ../cgroup.procs", lambda: write(f"{base}/../cgroup.procs", "0"))
    for path in ("/proc/1/root/sys/fs/cgroup/../../fs/cgroup/cgroup.procs",):
        attempt(f"write {path}", lambda: write(path, "0"), "any")
    for directory, _, names in os.walk(base):
        for name in names:
            if name == "release_agent":
                attempt(f"write {directory}/{name}", lambda: write(f"{directory}/{name}", "/x"))


def attributes():
    for name in ("trusted.overlay.redirect", "trusted.overlay.metacopy", "trusted.overlay.opaque", "trusted.x"):
        def act():
            path = f"/tmp/attributes-{os.getpid()}"
            open(path, "w").close()
            os.setxattr(path, name, b"/../../../etc/shadow")
        attempt(f"setxattr {name}", act)


def terminals():
    def act(request, argument):
        pid, master = os.forkpty()
        if pid == 0:
            ended = libc.ioctl(0, ctypes.c_ulong(request), argument)
            os._exit(0 if ended >= 0 else ctypes.get_errno())
        number = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if number:
            raise OSError(number, "")
    attempt("TIOCSTI", lambda: act(0x5412, b"x"))
    attempt("TIOCLINUX", lambda: act(0x541c, b"\x03"))


def sockets():
    for name in os.environ.get("HOST_SOCKETS", "").split():
        def act():
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect("\0" + name)
        attempt(f"connect to the host's abstract socket @{name}", act)


def nest():
    uid, gid = os.getuid(), os.getgid()
    must(libc.unshare(NEWUSER))
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {gid} 1")
    must(libc.unshare(NEWNS | NEWNET | NEWIPC | NEWUTS | NEWCGROUP))


GROUPS = {act.__name__: act for act in (keys, calls, fresh, nodes, chroots, namespaces, programs, groups_of_control, attributes, terminals, sockets, mounts)}


def main():
    names = [word for word in sys.argv[1:] if word != "--nested"] or list(GROUPS)
    if "--nested" in sys.argv:
        nest()
    for name in names:
        print(f"-- {name} as {os.getuid()}", flush=True)
        GROUPS[name]()
    sys.exit(1 if failures else 0)


main()
