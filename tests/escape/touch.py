#!/usr/bin/env python3
"""touch.py PID [WAY...]: try every way, or only these, to signal, trace, change or enter process PID, and say whether it was refused.

One line each, "WAY: refused (ERRNO)" or "WAY: DONE". Exits 1 where anything was done. The ways are those of docs/security.md.
"""
import ctypes, errno, fcntl, os, resource, signal, sys, time

libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
wanted = sys.argv[2:]
done = []


def call(number, *args):
    if libc.syscall(number, *args) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def way(name):
    def run(attempt):
        if wanted and name not in wanted:
            return
        try:
            result = attempt()
        except (OSError, PermissionError) as error:
            print(f"{name}: refused ({errno.errorcode.get(error.errno, error.errno)})")
            return
        if result is False:
            print(f"{name}: refused (no effect)")
            return
        print(f"{name}: DONE")
        done.append(name)
    return run


def pidfd():
    return os.pidfd_open(pid)


def alive():
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(") ", 1)[1][0] not in "ZX"


def died():
    """A signal that was sent is delivered soon; one that was refused never."""
    end = time.monotonic() + 0.5
    while alive() and time.monotonic() < end:
        time.sleep(0.01)
    return not alive()


def write(path, text):
    with open(path, "wb", buffering=0) as file:
        file.write(text)


def sigio():
    """The kernel sends the signal of an asynchronous descriptor to whoever was named as its owner."""
    read, end = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, pid)
    fcntl.fcntl(read, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC)
    os.write(end, b"x")
    return died()


def kill_all():
    os.kill(-1, signal.SIGTERM)    # succeeds for nobody too
    return died()


def remote_memory(number):
    buffer = ctypes.create_string_buffer(8)

    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    local = Vector(ctypes.addressof(buffer), 8)
    remote = Vector(0x400000, 8)
    call(number, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)


info = ctypes.create_string_buffer(128)
ctypes.memmove(info, b"\x00" * 8 + (-1).to_bytes(4, "little", signed=True), 12)

way("process_vm_readv")(lambda: remote_memory(310))
way("process_vm_writev")(lambda: remote_memory(311))
way("pidfd_getfd")(lambda: call(438, pidfd(), 1, 0))
way("kcmp")(lambda: call(312, pid, os.getpid(), 0, 0, 0))
way("process_madvise")(lambda: call(440, pidfd(), ctypes.byref(info), 1, 20, 0))
way("/proc/PID/mem")(lambda: os.open(f"/proc/{pid}/mem", os.O_RDWR))
way("/proc/PID/environ")(lambda: os.open(f"/proc/{pid}/environ", os.O_RDONLY))
way("/proc/PID/fd")(lambda: os.listdir(f"/proc/{pid}/fd"))
way("/proc/PID/root")(lambda: os.stat(f"/proc/{pid}/root/"))
way("/proc/PID/cwd")(lambda: os.stat(f"/proc/{pid}/cwd/"))
way("/proc/PID/exe")(lambda: os.open(f"/proc/{pid}/exe", os.O_RDONLY))
way("oom_score_adj")(lambda: write(f"/proc/{pid}/oom_score_adj", b"1000"))
way("/proc/PID/comm")(lambda: write(f"/proc/{pid}/comm", b"other"))
way("clear_refs")(lambda: write(f"/proc/{pid}/clear_refs", b"1"))
way("coredump_filter")(lambda: write(f"/proc/{pid}/coredump_filter", b"0"))
for name in ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup"):
    way(f"setns {name}")(lambda: call(308, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), 0))
for flag in (0x20000, 0x40000000, 0x20000000, 0x10000000):
    way(f"setns pidfd {flag:#x}")(lambda: call(308, pidfd(), flag))
way("prlimit")(lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)))
way("setpriority")(lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
way("sched_setaffinity")(lambda: os.sched_setaffinity(pid, {0}))
way("sched_setscheduler")(lambda: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)))
way("ioprio_set")(lambda: call(251, 1, pid, 3 << 13))
way("move_pages")(lambda: call(279, pid, 0, 0, 0, 0, 0))
way("migrate_pages")(lambda: call(256, pid, 64, ctypes.byref(ctypes.c_ulong(1)), ctypes.byref(ctypes.c_ulong(1))))
way("ptrace attach")(lambda: call(101, 16, pid, 0, 0))
way("ptrace seize")(lambda: call(101, 0x4206, pid, 0, 0))
for hierarchy in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/freezer"):
    for file in ("cgroup.kill", "cgroup.freeze", "freezer.state", "cgroup.procs", "tasks"):
        if os.path.exists(f"{hierarchy}/{file}"):
            text = {"freezer.state": b"FROZEN", "cgroup.procs": str(pid).encode(), "tasks": str(pid).encode()}.get(file, b"1")
            way(f"{hierarchy}/{file}")(lambda: write(f"{hierarchy}/{file}", text))
way("core_pattern")(lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
way("sysrq")(lambda: os.open("/proc/sysrq-trigger", os.O_WRONLY) if os.path.exists("/proc/sysrq-trigger") else False)
way("umount /proc")(lambda: libc.umount2(b"/proc", 2) == 0)
way("setuid 0")(lambda: os.setuid(0))
way("tgkill")(lambda: call(234, pid, pid, 15))
way("tkill")(lambda: call(200, pid, 15))
way("rt_sigqueueinfo")(lambda: call(129, pid, 15, info))
way("rt_tgsigqueueinfo")(lambda: call(297, pid, pid, 15, info))
way("pidfd_send_signal")(lambda: signal.pidfd_send_signal(pidfd(), 15))
way("kill 0")(lambda: os.kill(pid, 0))
way("kill")(lambda: os.kill(pid, 9))
way("kill -1")(kill_all)
way("sigio")(sigio)
sys.exit(1 if done else 0)
