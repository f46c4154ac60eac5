#!/usr/bin/python3
"""What the outside sees: reflector.py PORT. Tells a client by TCP and UDP which address it comes from, and tries on request
whether something answers. Lines by TCP: "who", "dial ADDRESS PORT", "send ADDRESS PORT"."""
import selectors
import socket
import sys


def address_of(peer):
    return peer[0].removeprefix("::ffff:")


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def answer(words, peer):
    if words[:1] == ["who"]:
        return address_of(peer)
    if words[:1] == ["dial"]:
        with socket.socket(family_of(words[1])) as probe:
            probe.settimeout(0.3)
            return "open" if probe.connect_ex((words[1], int(words[2]))) == 0 else "closed"
    if words[:1] == ["send"]:
        with socket.socket(family_of(words[1]), socket.SOCK_DGRAM) as probe:
            probe.sendto(b"hello", (words[1], int(words[2])))
            return "sent"
    return "what?"


def main():
    port = int(sys.argv[1])
    tcp = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", port))
    ready = selectors.DefaultSelector()
    ready.register(tcp, selectors.EVENT_READ)
    ready.register(udp, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is udp:
                _, peer = udp.recvfrom(100)
                udp.sendto(address_of(peer).encode(), peer)
                continue
            client, peer = tcp.accept()
            with client:
                client.settimeout(2)
                try:
                    client.sendall(answer(client.recv(200).decode().split(), peer).encode())
                except OSError:
                    pass


main()
