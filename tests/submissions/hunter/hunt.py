"""Looks for a secret wherever a process can look, and prints what it found, and by which way.

A secret is a known marker and 32 hexadecimal digits, which this file does not hold. Whatever can be
opened is read and closed, nothing else. `aims.py` says what there is to look at by name, and whether
this is a box: outside of one, only what belongs to the test is looked at.
"""

import ctypes
import gc
import os
import re
import socket
import stat
import sys

import aims

SECRET = re.compile(rb"kept-from-students-[0-9a-f]{32}")
LENGTH = 19 + 32
CHUNK = 1 << 16
FILE_CAP = 1 << 18
OF_PROCESSES = "cmdline environ comm status stat maps mountinfo mounts cgroup limits auxv net/unix".split()
LINKS = "cwd exe root".split()
SHM_RDONLY, SHM_STAT, SHM_STAT_ANY, MSG_STAT, MSG_COPY, IPC_NOWAIT = 0o10000, 13, 15, 11, 0o40000, 0o4000

libc = ctypes.CDLL(None, use_errno=True)
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.write.restype = ctypes.c_ssize_t
libc.tee.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint]
libc.tee.restype = ctypes.c_ssize_t
libc.shmat.restype = ctypes.c_ssize_t
libc.msgrcv.restype = ctypes.c_ssize_t

found = set()
looked = {}
moments = []


def look(way, data):
    """What was looked at is counted; a secret in it that is new by this way is printed."""
    looked[way] = looked.get(way, 0) + 1
    for match in SECRET.finditer(data):
        token = match[0].decode()
        if (way, token) not in found:
            found.add((way, token))
            print("FOUND", moments[-1], way.replace(" ", "_"), token)


def hunt(moment):
    """Every way is gone once. Memory comes first: what is read later lies in it."""
    moments.append(moment)
    for way in (memory, objects, frames, environment, descriptors, processes, sockets, shared, files):
        if way is not files or moment == "import":
            way()
    for way, count in looked.items():
        print("LOOKED", moment, way.replace(" ", "_"), count)
    looked.clear()


def read(path, cap=FILE_CAP):
    """The beginning of a file; nothing where it cannot be had."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return b""
    data = b""
    try:
        while len(data) < cap and (more := os.read(descriptor, cap - len(data))):
            data += more
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return data


# ---------------------------------------------------------------------- memory


def memory():
    """The process's own memory, by the operating system's list of it."""
    of_process("self", "memory")


def of_process(pid, way):
    """The memory of a process that may be opened, but for what only repeats a file."""
    try:
        descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError:
        return
    try:
        for line in read(f"/proc/{pid}/maps", 1 << 24).decode("utf-8", "replace").splitlines():
            place, rights, _, _, inode, *_ = line.split()
            if "r" in rights and ("w" in rights or inode == "0"):
                start, end = (int(n, 16) for n in place.split("-"))
                stretch(descriptor, start, end, way)
    finally:
        os.close(descriptor)


def stretch(descriptor, start, end, way):
    """One mapping of a process."""
    for place in range(start, end, 1 << 20):
        size = min((1 << 20) + LENGTH, end - place)
        try:
            look(way, os.pread(descriptor, size, place))
        except (OSError, OverflowError):
            return


def objects():
    """The process's own memory without that list: on both sides of every object it has."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    gc.unfreeze()
    known = {id(o) // CHUNK for o in gc.get_objects()}
    known |= {id(r) // CHUNK for o in gc.get_objects() for r in gc.get_referents(o)}
    known.add(ctypes.c_void_p.in_dll(libc, "environ").value // CHUNK)
    done = set()
    for block in sorted(known):
        for step in (1, -1):
            at = block if step == 1 else block - 1
            while at not in done and copy(readable, writable, at * CHUNK):
                done.add(at)
                at += step
    os.close(readable)
    os.close(writable)


def copy(readable, writable, address):
    """Whether there is memory at an address: a pipe takes what there is, and says so if nothing."""
    at, end, some = address, address + CHUNK + LENGTH, False
    data = b""
    while at < end:
        size = libc.write(writable, at, min(CHUNK, end - at))
        if size > 0:
            data += os.read(readable, size)
            at, some = at + size, some or at < address + CHUNK
        else:
            look("objects", data)
            at, data = (at | 0xFFF) + 1, b""
    look("objects", data)
    return some


# ---------------------------------------------------------------------- objects


def frames():
    """Frames of all threads, modules, and all that the garbage collector knows."""
    gc.unfreeze()
    stack = list(sys._current_frames().values())
    while stack:
        frame = stack.pop()
        for value in (*frame.f_locals.values(), *frame.f_globals.values()):
            text("frames", value)
        for holder in gc.get_referrers(frame):
            for value in gc.get_referents(holder):
                text("frames", value)
        if frame.f_back:
            stack.append(frame.f_back)
    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            text("modules", value)
    seen = set()
    for holder in gc.get_objects():
        for value in gc.get_referents(holder):
            if id(value) not in seen:
                seen.add(id(value))
                text("gc", value)


def text(way, value):
    """An object that may hold a text."""
    try:
        if issubclass(type(value), str):
            data = value.encode("utf-8", "replace") if len(value) >= LENGTH else b""
        else:
            data = memoryview(value).tobytes()[:FILE_CAP]
    except BaseException:
        return
    if data:
        look(way, data)


def environment():
    """As Python keeps it, and as C does."""
    for name, value in os.environ.items():
        look("environment", f"{name}={value}".encode("utf-8", "replace"))
    strings = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    number = 0
    while strings and strings[number]:
        look("environment", strings[number])
        number += 1


# ---------------------------------------------------------------------- descriptors


def descriptors():
    """Every open descriptor; what waits in a pipe or socket is copied and stays there."""
    for number in range(256):
        try:
            kind = os.fstat(number).st_mode
        except OSError:
            continue
        link(f"/proc/self/fd/{number}", "descriptors")
        look("descriptors", read(f"/proc/self/fdinfo/{number}"))
        if stat.S_ISREG(kind):
            look("descriptors", peek(os.pread, number, FILE_CAP, 0))
            look("descriptors", read(f"/proc/self/fd/{number}"))
        elif stat.S_ISDIR(kind):
            look("descriptors", " ".join(peek(os.listdir, number) or []).encode())
        elif stat.S_ISSOCK(kind):
            waiting(number)
        elif stat.S_ISFIFO(kind):
            tee(number)
            reopened = peek(os.open, f"/proc/self/fd/{number}", os.O_RDONLY | os.O_NONBLOCK)
            if reopened:
                tee(reopened)
                os.close(reopened)


def peek(call, *arguments):
    """What a call gives, or nothing."""
    try:
        return call(*arguments)
    except (OSError, ValueError):
        return b""


def waiting(number):
    """What waits in a socket."""
    copied = os.dup(number)
    with socket.socket(fileno=copied) as one:
        flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
        look("descriptors", peek(one.recv, FILE_CAP, flags))


def tee(number):
    """What waits in a pipe."""
    readable, writable = os.pipe()
    size = libc.tee(number, writable, CHUNK, 2)
    if size > 0:
        look("descriptors", os.read(readable, size))
    os.close(readable)
    os.close(writable)


def link(path, way):
    """Where a link leads, and a mark of the file it stands for."""
    look(way, os.fsencode(peek(os.readlink, path) or ""))


# ---------------------------------------------------------------------- others


def processes():
    """Command line, environment and memory of every process that can be seen."""
    pids = {*aims.PIDS, os.getpid(), os.getppid(), "self", "thread-self"}
    if aims.BOX:
        pids |= {1, *range(2, 64), *filter(str.isdigit, peek(os.listdir, "/proc") or [])}
    for pid in sorted(map(str, pids)):
        for name in OF_PROCESSES:
            look("processes", read(f"/proc/{pid}/{name}"))
        for name in LINKS:
            link(f"/proc/{pid}/{name}", "processes")
        for number in peek(os.listdir, f"/proc/{pid}/fd") or []:
            link(f"/proc/{pid}/fd/{number}", "processes")
        if pid not in ("self", "thread-self", str(os.getpid())):
            of_process(pid, "memory of others")


def sockets():
    """Names of the sockets that processes listen on."""
    look("sockets", read("/proc/net/unix", 1 << 22))


def shared():
    """Shared memory and message queues of both kinds."""
    for name in peek(os.listdir, "/dev/shm") or []:
        if aims.BOX or f"/dev/shm/{name}" in aims.FILES:
            look("shared memory", read(f"/dev/shm/{name}"))
    numbers, queues = set(aims.SEGMENTS), set(aims.QUEUES)
    record = ctypes.create_string_buffer(512)
    if aims.BOX:
        calls = (libc.shmctl, SHM_STAT), (libc.shmctl, SHM_STAT_ANY), (libc.msgctl, MSG_STAT)
        for index in range(128):
            *segments, queue = (call(index, what, record) for call, what in calls)
            numbers.update(n for n in segments if n >= 0)
            queues.update([queue] if queue >= 0 else [])
    for number in numbers:
        address = libc.shmat(number, None, SHM_RDONLY)
        if address != -1:
            look("shared memory", ctypes.string_at(address, 4096))
            libc.shmdt(ctypes.c_void_p(address))
    for number in queues:
        record = ctypes.create_string_buffer(4096)
        if libc.msgrcv(number, record, 4000, ctypes.c_long(0), MSG_COPY | IPC_NOWAIT) > 0:
            look("shared memory", record.raw)


def watches():
    """Whether the names of files can be had that others make in a folder."""
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    for path in aims.FOLDERS if descriptor >= 0 else ():
        if libc.inotify_add_watch(descriptor, os.fsencode(path), 0x100) >= 0:
            print("WATCHED", path)
    if descriptor >= 0:
        os.close(descriptor)


def files():
    """What is known by name is tried in every way; then all that can be listed is."""
    watches()
    for path in aims.FILES:
        look("files", read(path))
        link(path, "links")
        for name in peek(os.listxattr, path) or []:
            look("attributes", peek(os.getxattr, path, name))
        seen = peek(os.lstat, path)
        if seen:
            print("SIZE", seen.st_size, path)
    own = os.path.dirname(os.path.abspath(__file__))
    roots = ["/", "/usr", os.path.dirname(own), *sys.path] if aims.BOX else []
    done = set()
    for root in (*aims.FOLDERS, own, *roots):
        tree(root, done)


def tree(root, done):
    """Names of everything below, and contents but those of the system."""
    rest = [root]
    while rest:
        folder = rest.pop()
        if folder in done or folder in ("/proc", "/sys"):
            continue
        done.add(folder)
        system = folder.startswith(("/usr", sys.prefix, sys.base_prefix))
        look("names", folder.encode("utf-8", "surrogateescape"))
        for entry in peek(listing, folder) or []:
            if entry.is_dir(follow_symlinks=False):
                rest.append(entry.path)
            elif entry.is_symlink():
                link(entry.path, "links")
            look("names", os.fsencode(entry.name))
            if entry.is_file(follow_symlinks=False) and not system:
                look("files", read(entry.path))


def listing(folder):
    """Entries of a folder."""
    with os.scandir(folder) as entries:
        return list(entries)
