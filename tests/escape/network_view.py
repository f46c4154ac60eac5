"""What a process of a server of network kind `bind` gets when it asks about the network, and what it may try with that.

    network_view.py shown              what getifaddrs, the list of devices and sysfs say, one line each
    network_view.py later              the same once it gets SIGUSR1
    network_view.py attempts           one line for each attempt: "NAME: refused", "NAME: works" or "NAME: ESCAPED"
    network_view.py storm THREADS N    so many sockets at once, under a timer; says how many calls failed
    network_view.py cost N             nanoseconds for a socket of netlink and for getifaddrs, the least of N
"""
import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
SYS_socket, SYS_socketpair, SYS_seccomp = 41, 53, 317
NLMSG = struct.Struct("=IHHII")
NEWLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE, NEWNEIGH, NEWRULE, NEWNSID, GETLINK = 16, 20, 21, 24, 25, 28, 32, 88, 18
REQUEST_ACK = 1 | 4


class ifaddrs(ctypes.Structure):
    pass


ifaddrs._fields_ = [("next", ctypes.POINTER(ifaddrs)), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint),
                    ("addr", ctypes.c_void_p), ("netmask", ctypes.c_void_p), ("other", ctypes.c_void_p), ("data", ctypes.c_void_p)]


def addresses():
    head = ctypes.POINTER(ifaddrs)()
    if libc.getifaddrs(ctypes.byref(head)) != 0:
        raise OSError(ctypes.get_errno(), "getifaddrs")
    at, found = head, []
    while at:
        entry = at.contents
        if entry.addr:
            family = ctypes.cast(entry.addr, ctypes.POINTER(ctypes.c_ushort))[0]
            raw = ctypes.string_at(entry.addr, 28)
            if family == socket.AF_INET:
                found.append((entry.name.decode(), socket.inet_ntop(family, raw[4:8])))
            if family == socket.AF_INET6:
                found.append((entry.name.decode(), socket.inet_ntop(family, raw[8:24])))
        at = entry.next
    libc.freeifaddrs(head)
    return sorted(found)


def shown(*before):
    for name, address in addresses():
        print(*before, "address", name, address)
    for index, name in sorted(socket.if_nameindex()):
        print(*before, "device", index, name)
    for name in sorted(os.listdir("/sys/class/net")):
        print(*before, "sysfs", name)


def later():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    print("ready", flush=True)
    signal.sigwait([signal.SIGUSR1])
    shown("later")


def netlink(kind=socket.SOCK_RAW):
    return socket.socket(socket.AF_NETLINK, kind, 0)


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def ask(kind, body, flags=REQUEST_ACK):
    """The errno that the kernel answers with; 0 is success."""
    with netlink() as s:
        s.settimeout(5)
        s.send(NLMSG.pack(16 + len(body), kind, flags, 1, 0) + body)
        answer = s.recv(65536)
        if NLMSG.unpack(answer[:16])[1] != 2:
            return 0
        return -struct.unpack("=i", answer[16:20])[0]


def device(index, flags=0, change=0):
    return struct.pack("=BxHiII", 0, 0, index, flags, change)


def uplink():
    return [index for index, name in socket.if_nameindex() if name != "lo"][0]


def changes():
    """Everything that would change what the view shows, or take it for something else."""
    four = socket.inet_aton("10.77.0.99")
    route = struct.pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 4, 253, 1, 0)
    number = uplink()
    return {
        "device down": (NEWLINK, device(number, 0, 1)),
        "loopback down": (NEWLINK, device(1, 0, 1)),
        "new device": (NEWLINK, device(0) + attribute(3, b"mine\0") + attribute(18, attribute(1, b"veth\0")), REQUEST_ACK | 0x600),
        "device to a namespace of ours": (NEWLINK, device(number) + attribute(19, struct.pack("=I", os.getpid()))),
        "new address": (NEWADDR, struct.pack("=BBBBI", 2, 32, 0, 0, number) + attribute(2, four), REQUEST_ACK | 0x600),
        "address away": (DELADDR, struct.pack("=BBBBI", 2, 32, 0, 0, number) + attribute(2, socket.inet_aton(os.environ.get("OWN", "10.77.0.50")))),
        "new route": (NEWROUTE, route + attribute(1, four) + attribute(4, struct.pack("=I", number)), REQUEST_ACK | 0x600),
        "route away": (DELROUTE, struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 0, 255, 1, 0)),
        "new neighbour": (NEWNEIGH, struct.pack("=BxHiHBB", 2, 0, number, 0x80, 0, 0) + attribute(1, four) + attribute(2, b"\2" * 6), REQUEST_ACK | 0x600),
        "new rule": (NEWRULE, struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 0, 0, 1, 0), REQUEST_ACK | 0x600),
        "name for a namespace": (NEWNSID, struct.pack("=Bxxx", 0) + attribute(2, struct.pack("=I", os.getpid())) + attribute(1, struct.pack("=i", 7))),
        "look into another namespace": (GETLINK, device(number) + attribute(46, struct.pack("=i", 0))),
    }


def refused(name, error, *wanted):
    print(f"{name}: {'refused' if error in wanted else 'ESCAPED ' + errno.errorcode.get(error, str(error))}")


def works(name, truth):
    print(f"{name}: {'works' if truth else 'BROKEN'}")


def error_of(call):
    try:
        call()
        return 0
    except OSError as problem:
        return problem.errno


def raw(number, *words):
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(word) for word in words))
    return result if result >= 0 else -ctypes.get_errno()


def at_the_limit():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    error = error_of(netlink)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    return error


def flags_of(kind):
    s = raw(SYS_socket, socket.AF_NETLINK, kind, 0)
    pair = os.get_inheritable(s), os.get_blocking(s)
    os.close(s)
    return pair


def supervise_ourselves():
    """A filter of our own with a listener: there is one already."""
    class filter(ctypes.Structure):
        _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

    class program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.POINTER(filter))]

    code = (filter * 1)(filter(6, 0, 0, 0x7fff0000))
    libc.prctl(38, 1, 0, 0, 0)
    ours = program(1, code)
    return -raw(SYS_seccomp, 1, 8, ctypes.addressof(ours))


def attempts():
    before = addresses()
    for name, words in changes().items():
        refused(name, ask(*words), errno.EPERM, errno.EACCES)
    high = 1 << 32
    for name, words in {"high bits of the family": (socket.AF_NETLINK | high, 3, 0), "of the type": (socket.AF_NETLINK, 3 | high, 0),
                        "of the protocol": (socket.AF_NETLINK, 3, high)}.items():
        with socket.socket(fileno=raw(SYS_socket, *words)) as s:
            s.settimeout(5)
            s.send(NLMSG.pack(32, GETLINK, 1 | 0x300, 1, 0) + device(0))
            works(name, s.recv(1 << 20).count(b"\3\0") > 0 and len(socket.if_nameindex()) == 2)
    works("datagram", error_of(lambda: netlink(socket.SOCK_DGRAM)) == 0)
    refused("stream", error_of(lambda: netlink(socket.SOCK_STREAM)), errno.ESOCKTNOSUPPORT)
    refused("unknown flags", -raw(SYS_socket, socket.AF_NETLINK, 3 | 0x10, 0), errno.EINVAL)
    room = (ctypes.c_int * 2)()
    refused("a pair", -raw(SYS_socketpair, socket.AF_NETLINK, 3, 0, ctypes.addressof(room)), errno.EOPNOTSUPP)
    works("its flags", flags_of(3) == (True, True) and flags_of(3 | socket.SOCK_CLOEXEC) == (False, True)
          and flags_of(3 | socket.SOCK_NONBLOCK) == (True, False))
    refused("no free descriptor", at_the_limit(), errno.EMFILE)
    refused("listen to all namespaces", error_of(lambda: netlink().setsockopt(270, 8, 1)), errno.EPERM)
    refused("the namespace itself", error_of(lambda: fcntl.ioctl(netlink(), 0x894c)), errno.EPERM)  # SIOCGSKNS
    refused("a bigger buffer than allowed", error_of(lambda: netlink().setsockopt(socket.SOL_SOCKET, 33, 1 << 30)), errno.EPERM)
    refused("a supervisor of its own", supervise_ourselves(), errno.EBUSY)
    works("still the same", addresses() == before)


def storm(threads, count):
    """Under a timer that interrupts whoever waits."""
    failures = []
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)

    def run():
        for _ in range(count):
            try:
                netlink().close()
            except OSError as problem:
                failures.append(problem.errno)

    all_threads = [threading.Thread(target=run) for _ in range(threads)]
    for thread in all_threads:
        thread.start()
    for thread in all_threads:
        thread.join()
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("failed", len(failures), sorted(set(failures)))


def cost(rounds):
    def least(call):
        times = []
        for _ in range(rounds):
            begun = time.perf_counter_ns()
            call()
            times.append(time.perf_counter_ns() - begun)
        return min(times)

    head = ctypes.POINTER(ifaddrs)()
    print("socket", least(lambda: os.close(raw(SYS_socket, socket.AF_NETLINK, 3 | socket.SOCK_CLOEXEC, 0))))
    print("getifaddrs", least(lambda: (libc.getifaddrs(ctypes.byref(head)), libc.freeifaddrs(head))))


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    {"cost": lambda: cost(*map(int, words)), "shown": shown, "later": later, "attempts": attempts, "storm": lambda: storm(*map(int, words))}[what]()
