"""Opens sockets of every family, asks for a name, and connects to what listens nearby."""
import socket
from aims import ABSTRACT, PATH_SOCKET, PORT
from attempts import attempt

for family in ("INET", "INET6", "NETLINK", "PACKET", "VSOCK", "BLUETOOTH", "ALG", "CAN"):
    number = getattr(socket, f"AF_{family}", 38)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        attempt(family, lambda: socket.socket(number, kind).close())
attempt("DNS", lambda: socket.getaddrinfo("example.org", 80))
attempt("a port nearby", lambda: socket.create_connection(("127.0.0.1", PORT), 1))
attempt("a port far away", lambda: socket.create_connection(("192.0.2.1", 80), 1))
for address in (PATH_SOCKET, "\0" + ABSTRACT, "/run/docker.sock", "/run/dbus/system_bus_socket"):
    attempt("a unix socket", lambda: socket.socket(socket.AF_UNIX).connect(address))
    attempt("a unix datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"", address))
print("done", flush=True)
