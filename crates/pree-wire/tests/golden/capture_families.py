#!/usr/bin/env python3
"""Makes the population of Unix, packet, netlink, raw and ICMP sockets that the golden tests know, and writes down what
the kernel says about it.

unshare -n sh -c 'ip link set lo up && exec python3 capture_families.py DIRECTORY' as root.
Which sockets it makes stands in tests/suite/families.rs a second time, as expectation.
"""
import ctypes, os, socket, struct, sys, tempfile, time

directory = os.path.abspath(sys.argv[1])
os.chdir(tempfile.mkdtemp())
S, keep = socket, []


def make(*args):
    keep.append(S.socket(*args))
    return keep[-1]


# Unix: a listener with a limit of 5; one connection accepted and 10 bytes unread, one waiting, one that gave up.
listener = make(S.AF_UNIX, S.SOCK_STREAM)
listener.bind("listener")
listener.listen(5)
client = make(S.AF_UNIX, S.SOCK_STREAM)
client.connect("listener")
keep.append(listener.accept()[0])
client.send(b"0123456789")
waiting = make(S.AF_UNIX, S.SOCK_STREAM)
waiting.bind(b"\0waiting")
waiting.connect("listener")
gone = S.socket(S.AF_UNIX, S.SOCK_STREAM)
gone.connect("listener")
gone.close()
# Names: abstract with NULs, a newline and a byte that is no UTF-8; a path with a newline; a path as long as Python allows.
receiver = make(S.AF_UNIX, S.SOCK_DGRAM)
receiver.bind(b"\0a\0b\n\xff")
sender = make(S.AF_UNIX, S.SOCK_DGRAM)
sender.connect(b"\0a\0b\n\xff")
sender.send(b"datagram")
make(S.AF_UNIX, S.SOCK_DGRAM).bind(b"line\nbreak\xff")
make(S.AF_UNIX, S.SOCK_STREAM).bind(b"x" * 107)
# A pair, one direction shut down; a socket that is nothing yet.
left, right = S.socketpair(S.AF_UNIX, S.SOCK_SEQPACKET)
left.shutdown(S.SHUT_WR)
keep += [left, right]
os.setegid(7), os.seteuid(7)
make(S.AF_UNIX, S.SOCK_STREAM)
os.seteuid(0), os.setegid(0)

# Packet sockets: all protocols on every interface; IPv4 on lo with ring, fanout group, filter and memberships.
SOL_PACKET, ADD_MEMBERSHIP, RX_RING, FANOUT, ATTACH_FILTER = 263, 1, 5, 18, 26
make(S.AF_PACKET, S.SOCK_DGRAM, S.htons(3))
packet = make(S.AF_PACKET, S.SOCK_RAW, 0)
packet.setsockopt(SOL_PACKET, RX_RING, struct.pack("4I", 4096, 2, 2048, 4))
packet.bind(("lo", 0x0800))
packet.setsockopt(SOL_PACKET, FANOUT, 1 << 16 | 77)
packet.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", 1, 1, 0, b""))
packet.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", 1, 0, 6, b"\1\2\3\4\5\6"))
# ret 0: nothing passes.
program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0), 8)
packet.setsockopt(S.SOL_SOCKET, ATTACH_FILTER, struct.pack("HxxxxxxQ", 1, ctypes.addressof(program)))

# Netlink: route with two groups and options; one that is connected to the kernel.
SOL_NETLINK = 270
route = make(S.AF_NETLINK, S.SOCK_RAW, 0)
route.bind((4242, 0))
for group in (1, 5, 33):
    route.setsockopt(SOL_NETLINK, 1, group)
route.setsockopt(SOL_NETLINK, 3, 1)
route.setsockopt(SOL_NETLINK, 10, 1)
connected = make(S.AF_NETLINK, S.SOCK_DGRAM, 0)
connected.bind((4343, 0))
connected.connect((0, 0))

# Raw and ICMP: what only /proc tells where the kernel is without raw_diag.
make(S.AF_INET, S.SOCK_RAW, 253).bind(("127.0.0.1", 0))
make(S.AF_INET, S.SOCK_RAW, 1).connect(("127.0.0.2", 0))
make(S.AF_INET6, S.SOCK_RAW, 58).bind(("::1", 0))
with open("/proc/sys/net/ipv4/ping_group_range", "w") as f:
    f.write("0 0")
make(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP).bind(("127.0.0.1", 4141))
make(S.AF_INET6, S.SOCK_DGRAM, S.IPPROTO_ICMPV6).bind(("::1", 4242))


def dump(name, body):
    diag = S.socket(S.AF_NETLINK, S.SOCK_RAW, 4)
    diag.send(struct.pack("=IHHII", 16 + len(body), 20, 0x301, 1, 0) + body)
    out = b""
    while True:
        part = diag.recv(1 << 17)
        out += part
        if b"\x03\x00\x02\x00\x01\x00\x00\x00" in part[-40:]:
            break
    diag.close()
    with open(os.path.join(directory, name + ".bin"), "wb") as f:
        f.write(out)


time.sleep(0.1)
every, cookie = 0xFFFFFFFF, b"\xff" * 8
dump("unix", struct.pack("=BBHIII", 1, 0, 0, every, 0, 0x7F) + cookie)
dump("packet", struct.pack("=BBHII", 17, 0, 0, 0, 0x3F) + cookie)
dump("netlink", struct.pack("=BBHII", 16, 255, 0, 0, 0xB) + cookie)
for name in ("unix", "packet", "netlink", "raw", "raw6", "icmp", "icmp6"):
    with open("/proc/thread-self/net/" + name, "rb") as f, open(os.path.join(directory, name + ".txt"), "wb") as out:
        out.write(f.read())
with open(os.path.join(directory, "families.txt"), "w") as out:
    for number, one in enumerate(keep):
        out.write("%d %d\n" % (number, os.fstat(one.fileno()).st_ino))
    out.write("listener %d\n" % os.stat("listener").st_ino)
    device = os.stat("listener").st_dev
    out.write("device %d %d\n" % (os.major(device), os.minor(device)))
