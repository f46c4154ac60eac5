"""One round of address_lock: address_lock.py ADDRESS prints "NAME VALUE" for the calls of a process, best of a few short runs."""
import os
import signal
import socket
import sys
import time

ADDRESS = sys.argv[1]
RUNS, CALLS = 3, 1000
CLIENT, *SERVER = sorted(os.sched_getaffinity(0))    # where both wander they are of two kinds, on one processor and on two
children = []


def best(function, calls=CALLS):
    """ns per call."""
    least = float("inf")
    for _ in range(RUNS):
        begin = time.perf_counter_ns()
        for _ in range(calls):
            function()
        least = min(least, (time.perf_counter_ns() - begin) / calls)
    return least


def bind():
    with socket.socket() as s:
        s.bind((ADDRESS, 0))


def connect_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((ADDRESS, 9))


def serve(listener, chunk):
    while True:
        client, _ = listener.accept()
        while chunk and client.recv(chunk):
            pass
        client.close()


def listening(chunk):
    listener = socket.create_server((ADDRESS, 0), backlog=512)
    child = os.fork()
    if child == 0:
        os.sched_setaffinity(0, SERVER[:1] or [CLIENT])
        serve(listener, chunk)
    children.append(child)
    return listener.getsockname()


def connect_tcp(to):
    with socket.create_connection(to) as s:
        s.recv(1)


def throughput(to, size=200 << 20):
    data = bytes(1 << 18)
    with socket.create_connection(to) as s:
        begin = time.perf_counter()
        for _ in range(size // len(data)):
            s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
        return size * 8 / (time.perf_counter() - begin) / 1e9


os.sched_setaffinity(0, [CLIENT])
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind((ADDRESS, 0))
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
where = sink.getsockname()
print("bind_ns", round(best(bind)))
print("connect_udp_ns", round(best(connect_udp)))
print("sendto_ns", round(best(lambda: datagram.sendto(b"x", where))))
closer, eater = listening(0), listening(1 << 18)
print("connections_per_second", round(1e9 / best(lambda: connect_tcp(closer), 300)))
print("gbit", round(max(throughput(eater) for _ in range(3)), 2), flush=True)
for child in children:
    os.kill(child, signal.SIGKILL)
