"""A server that tells where its clients wanted to go, and a client that asks it; both run inside a network namespace.

serve PORT...           listens on every address of both families and answers each connection with one line
ask HOST PORT [MARK]    connects, with a socket mark if one is given, and prints the answer, or why there is none
"""
import ipaddress
import json
import selectors
import socket
import struct
import sys

SO_MARK = 36
SO_ORIGINAL_DST = 80


def original_destination(connection, address):
    """What SO_ORIGINAL_DST says; for IPv4 within an IPv6 socket it is asked of IPv4."""
    if ipaddress.ip_address(address).ipv4_mapped or ":" not in address:
        raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        return f"{socket.inet_ntoa(raw[4:8])}:{struct.unpack('!H', raw[2:4])[0]}"
    raw = connection.getsockopt(41, SO_ORIGINAL_DST, 28)
    return f"[{socket.inet_ntop(socket.AF_INET6, raw[8:24])}]:{struct.unpack('!H', raw[2:4])[0]}"


def serve(ports):
    selector = selectors.DefaultSelector()
    for port in ports:
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        selector.register(listener, selectors.EVENT_READ, port)
    print("listening", flush=True)
    while True:
        for key, _ in selector.select():
            connection, peer = key.fileobj.accept()
            try:
                original = original_destination(connection, peer[0])
            except OSError:
                original = None
            with connection:
                connection.sendall(json.dumps({"port": key.data, "original": original}).encode())


def ask(host, port, mark=None):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        if mark:
            connection.setsockopt(socket.SOL_SOCKET, SO_MARK, int(mark, 0))
        try:
            connection.connect((host, int(port)))
            print(connection.makefile().read(), end="")
        except OSError as error:
            print(type(error).__name__, end="")


if sys.argv[1] == "serve":
    serve([int(port) for port in sys.argv[2:]])
else:
    ask(*sys.argv[2:])
