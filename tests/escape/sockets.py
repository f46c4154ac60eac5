#!/usr/bin/python3
"""Every kind of socket tries to use an address that is not its own: sockets.py FAMILY OWN OTHER OUTSIDE PORT

Runs locked to OWN on a host that has OTHER too; a reflector (reflector.py) listens at OUTSIDE on PORT. One line for each attempt:
"KIND: ATTEMPT: RESULT", which begins with `obeys`, `refused` or `ESCAPED`. Ends with 1 if anything escaped."""
import array
import ctypes
import errno
import os
import socket
import struct
import sys

FAMILY = {"4": socket.AF_INET, "6": socket.AF_INET6}[sys.argv[1]]
OWN, OTHER, OUTSIDE, PORT = sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
SIX = FAMILY == socket.AF_INET6
LEVEL = socket.IPPROTO_IPV6 if SIX else socket.IPPROTO_IP
FREEBIND, TRANSPARENT, PKTINFO = (78, 75, 50) if SIX else (15, 19, 8)
ANY = "::" if SIX else "0.0.0.0"
MPTCP, SCTP, UDPLITE, FASTOPEN = 262, 132, 136, 0x20000000
attempts = []


def attempt(kind, what):
    def register(function):
        attempts.append((kind, what, function))
        return function
    return register


def stream(protocol=0):
    return socket.socket(FAMILY, socket.SOCK_STREAM, protocol)


def datagram(protocol=0):
    made = socket.socket(FAMILY, socket.SOCK_DGRAM, protocol)
    made.settimeout(2)
    return made


def source(seen):
    return f"obeys, seen from {OWN}" if seen.removeprefix("::ffff:") == OWN else f"ESCAPED as {seen}"


def ask(words, made=None):
    """What the reflector says to these words, over a connection that leaves as it leaves."""
    with made or stream() as asking:
        asking.settimeout(5)
        if not made:
            asking.connect((OUTSIDE, PORT))
        asking.sendall(words.encode())
        return asking.recv(100).decode()


def echo(made):
    return source(made.recv(100).decode())


def must_not_bind(made, address=OTHER):
    with made:
        made.bind((address, 0))
        return f"ESCAPED, bound to {made.getsockname()[0]}"


def spoof(made, address=OTHER, to=(OUTSIDE, PORT), send=None):
    """A datagram with its source in a control message."""
    packed = socket.inet_pton(FAMILY, address)
    info = packed + struct.pack("i", 0) if SIX else struct.pack("i", 0) + packed + bytes(4)
    made.sendmsg([b"who"], [(LEVEL, PKTINFO, info)], 0, to) if to else made.sendmsg([b"who"], [(LEVEL, PKTINFO, info)])
    return echo(made)


# ------------------------------------------------------------------------------------------------------------------ tcp

@attempt("tcp", "bind to another address")
def _():
    return must_not_bind(stream())


@attempt("tcp", "bind to any")
def _():
    with stream() as s:
        s.bind((ANY, 0))
        return source(s.getsockname()[0])


@attempt("tcp", "listen on any, reached under another address")
def _():
    with stream() as s:
        s.bind((ANY, 0))
        s.listen()
        port = s.getsockname()[1]
        if ask(f"dial {OWN} {port}") != "open":
            return "ESCAPED its own address: nothing answers there"
        return "ESCAPED" if ask(f"dial {OTHER} {port}") == "open" else "obeys"


@attempt("tcp", "listen without bind, reached under another address")
def _():
    with stream() as s:
        s.listen()
        port = s.getsockname()[1]
        return "ESCAPED" if ask(f"dial {OTHER} {port}") == "open" else "obeys"


@attempt("tcp", "connect")
def _():
    return source(ask("who"))


@attempt("tcp", "connect from a port of its own")
def _():
    s = stream()
    s.bind((ANY, 0))
    s.connect((OUTSIDE, PORT))
    return source(ask("who", s))


@attempt("tcp", "connect, disconnect, connect again")
def _():
    s = stream()
    s.connect((OUTSIDE, PORT))
    ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)    # AF_UNSPEC
    s.connect((OUTSIDE, PORT))
    return source(ask("who", s))


@attempt("reuseport", "two listeners on any, reached under another address")
def _():
    with stream() as one, stream() as two:
        for s in (one, two):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((ANY, 0))
        port = one.getsockname()[1]
        two.bind((ANY, port))
        one.listen(), two.listen()
        return "ESCAPED" if ask(f"dial {OTHER} {port}") == "open" else "obeys"


@attempt("fast open", "send with the first packet")
def _():
    s = stream()
    s.sendto(b"who", FASTOPEN, (OUTSIDE, PORT))
    return source(s.recv(100).decode())


@attempt("fast open", "connect, and send with the first packet")
def _():
    s = stream()
    s.setsockopt(socket.IPPROTO_TCP, 30, 1)    # TCP_FASTOPEN_CONNECT
    s.connect((OUTSIDE, PORT))
    return source(ask("who", s))


@attempt("bindtodevice", "send by a device")
def _():
    with datagram() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        s.sendto(b"who", (OUTSIDE, PORT))
        return echo(s)


@attempt("bindtodevice", "connect by a device")
def _():
    s = stream()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    s.connect((OUTSIDE, PORT))
    return source(ask("who", s))


@attempt("freebind", "bind to another address")
def _():
    s = stream()
    s.setsockopt(LEVEL, FREEBIND, 1)
    return must_not_bind(s)


@attempt("transparent", "bind to another address")
def _():
    s = stream()
    s.setsockopt(LEVEL, TRANSPARENT, 1)
    return must_not_bind(s)


@attempt("freebind", "bind a datagram socket to another address")
def _():
    s = datagram()
    s.setsockopt(LEVEL, FREEBIND, 1)
    return must_not_bind(s)


@attempt("transparent", "bind a datagram socket to another address")
def _():
    s = datagram()
    s.setsockopt(LEVEL, TRANSPARENT, 1)
    return must_not_bind(s)


@attempt("mapped", "send in the other family's clothes, from another address")
def _():
    if SIX:
        return "refused: there is no such thing"
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        packed = socket.inet_pton(socket.AF_INET6, "::ffff:" + OTHER)
        s.sendmsg([b"who"], [(socket.IPPROTO_IPV6, 50, packed + struct.pack("i", 0))], 0, ("::ffff:" + OUTSIDE, PORT))
        return echo(s)


@attempt("mapped", "bind to another address in the other family's clothes")
def _():
    if not SIX:
        s = socket.socket(socket.AF_INET6)
        return must_not_bind(s, "::ffff:" + OTHER)
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.connect((OUTSIDE, PORT))
    return source(ask("who", s))


@attempt("mptcp", "make a socket")
def _():
    return must_not_bind(stream(MPTCP))


@attempt("sctp", "make a socket")
def _():
    return must_not_bind(stream(SCTP))


# ------------------------------------------------------------------------------------------------------------------ udp

@attempt("udp", "bind to another address")
def _():
    return must_not_bind(datagram())


@attempt("reuseport", "bind a datagram socket to another address")
def _():
    s = datagram()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return must_not_bind(s)


@attempt("udp", "send without connection")
def _():
    with datagram() as s:
        s.sendto(b"who", (OUTSIDE, PORT))
        return echo(s)


@attempt("udp", "send by a connection")
def _():
    with datagram() as s:
        s.connect((OUTSIDE, PORT))
        s.send(b"who")
        return echo(s)


@attempt("udp", "send, then connect")
def _():
    with datagram() as s:
        s.sendto(b"who", (OUTSIDE, PORT))
        echo(s)
        s.connect((OUTSIDE, PORT))
        s.send(b"who")
        return echo(s)


@attempt("udp", "receive what is sent to another address")
def _():
    with datagram() as s:
        s.sendto(b"who", (OUTSIDE, PORT))
        echo(s)
        s.settimeout(0.3)
        ask(f"send {OTHER} {s.getsockname()[1]}")
        try:
            return f"ESCAPED, got {s.recv(100)}"
        except TimeoutError:
            return "obeys"


@attempt("pktinfo", "another source in a message")
def _():
    with datagram() as s:
        return spoof(s)


@attempt("pktinfo", "another source in a message of a connection")
def _():
    with datagram() as s:
        s.connect((OUTSIDE, PORT))
        return spoof(s, to=None)


@attempt("pktinfo", "the own source in a message")
def _():
    with datagram() as s:
        return spoof(s, OWN)


@attempt("pktinfo", "another source for all messages")
def _():
    with datagram() as s:
        packed = socket.inet_pton(FAMILY, OTHER)
        if not SIX:
            return "refused: there is no such option"
        s.setsockopt(LEVEL, PKTINFO, packed + struct.pack("i", 0))
        s.sendto(b"who", (OUTSIDE, PORT))
        return echo(s)


@attempt("pktinfo", "another source in one of several messages")
def _():
    with datagram() as s:
        packed = socket.inet_pton(FAMILY, OTHER)
        info = packed + struct.pack("i", 0) if SIX else struct.pack("i", 0) + packed + bytes(4)
        place = struct.pack("HH", FAMILY, socket.htons(PORT)) + (bytes(4) + socket.inet_pton(FAMILY, OUTSIDE) + bytes(4) if SIX
                                                                 else socket.inet_pton(FAMILY, OUTSIDE) + bytes(8))
        control = struct.pack("QII", 16 + len(info), LEVEL, PKTINFO) + info + bytes(-len(info) % 8)
        kept = [ctypes.create_string_buffer(part, len(part)) for part in (place, b"who", control)]
        vector = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(kept[1]), 3), 16)
        header = struct.pack("QIxxxxQQQQixxxx", ctypes.addressof(kept[0]), len(place), ctypes.addressof(vector), 1,
                             ctypes.addressof(kept[2]), len(control), 0) + bytes(8)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.sendmmsg(s.fileno(), header, 1, 0) < 0:
            raise OSError(ctypes.get_errno(), "sendmmsg")
        return echo(s)


@attempt("multicast", "send")
def _():
    group = "ff02::1:3" if SIX else "224.0.0.251"
    with datagram() as s, datagram() as member:
        member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        member.bind((group, 0) if not SIX else (group, 0, 0, socket.if_nametoindex("eth0")))
        index = socket.if_nametoindex("eth0")
        packed = socket.inet_pton(FAMILY, group)
        join = packed + struct.pack("I", index) if SIX else packed + bytes(4) + struct.pack("i", index)
        member.setsockopt(LEVEL, 20 if SIX else socket.IP_ADD_MEMBERSHIP, join)
        interface = struct.pack("i", index) if SIX else bytes(8) + struct.pack("i", index)
        s.setsockopt(LEVEL, socket.IPV6_MULTICAST_IF if SIX else socket.IP_MULTICAST_IF, interface)
        s.sendto(b"who", (group, member.getsockname()[1]))
        return source(member.recvfrom(100)[1][0])


@attempt("udplite", "send without connection")
def _():
    # The reflector does not speak it: what may arrive is looked at by another socket of the same lock.
    with datagram(UDPLITE) as s, datagram(UDPLITE) as other:
        other.bind((OWN, 0))
        s.sendto(b"who", other.getsockname())
        return source(other.recvfrom(100)[1][0])


@attempt("udplite", "bind to another address")
def _():
    return must_not_bind(datagram(UDPLITE))


# ------------------------------------------------------------------------------------------------------- below and beside

@attempt("ping", "send from another address")
def _():
    with socket.socket(FAMILY, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if SIX else socket.IPPROTO_ICMP) as s:
        s.settimeout(2)
        s.bind((OTHER, 0))
        s.sendto(struct.pack("!BBHHH", 128 if SIX else 8, 0, 0, 0, 1), (OUTSIDE, 0))
        return f"ESCAPED, {len(s.recv(100))} bytes came back"


@attempt("raw", "make a socket")
def _():
    with socket.socket(FAMILY, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "ESCAPED"


@attempt("packet", "make a socket")
def _():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
        return "ESCAPED"


@attempt("vsock", "make a socket")
def _():
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "ESCAPED"


@attempt("io_uring", "make a ring")
def _():
    made = ctypes.CDLL(None, use_errno=True).syscall(425, 8, bytes(120))
    if made < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
    return "ESCAPED"


@attempt("inherited", "a socket that was open outside")
def _():
    held = os.environ.get("INHERITED")
    if not held:
        return "refused: none was given"
    os.fstat(int(held))
    return must_not_bind(socket.socket(fileno=int(held)))


@attempt("stolen", "a socket of a process outside")
def _():
    held = os.environ.get("OUTSIDE_PID")
    if not held:
        return "refused: none was given"
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(int(held))
    for number in range(3, 10):
        got = libc.syscall(438, pidfd, number, 0)
        if got >= 0:
            return "ESCAPED"
    raise OSError(ctypes.get_errno(), "pidfd_getfd")


@attempt("abstract", "an abstract unix socket outside")
def _():
    name = os.environ.get("ABSTRACT")
    if not name:
        return "refused: none was given"
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\0" + name)
        return "ESCAPED"


@attempt("passed", "a socket between two processes of the same lock")
def _():
    ours, theirs = socket.socketpair()
    with stream() as s:
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
    _, control, _, _ = theirs.recvmsg(1, socket.CMSG_SPACE(4))
    return must_not_bind(socket.socket(fileno=array.array("i", control[0][2])[0]))


@attempt("group", "leave the control group")
def _():
    with open("/proc/self/cgroup") as file:
        path = next(line.split("::", 1)[1].strip() for line in file if line.startswith("0::"))
    root = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
    with open(root + os.path.dirname(path) + "/cgroup.procs", "w") as file:
        file.write("0")
    return "ESCAPED"


@attempt("programs", "reach the programs of the lock")
def _():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(321, 7, bytes(120), 120) < 0:        # BPF_OBJ_GET
        raise OSError(ctypes.get_errno(), "bpf")
    return "ESCAPED"


def run(function):
    try:
        return function()
    except TimeoutError:
        return "refused: nothing came back"
    except OSError as error:
        return "refused: " + errno.errorcode.get(error.errno, str(error))


escaped = False
for kind, what, function in attempts:
    outcome = run(function)
    escaped |= outcome.startswith("ESCAPED")
    print(f"{kind}: {what}: {outcome}", flush=True)
sys.exit(escaped)
