# SPDX-License-Identifier: MIT
"""link_fuzz.py DSN SIDE SEED SECONDS: runs ordinary calls over the broker, and changes what goes over the link to its
worker: to the worker (SIDE worker: a hostile client) or to the driver (SIDE client: a hostile worker). This process
has the link's descriptor; the driver gets one end of a pair in its place. Prints what happened so far, a JSON line after each session.
Run by test_link.py, which looks at what is left."""
import json
import os
import random
import socket
import struct
import sys
import threading
import time

import pyodbc

WORDS = []  # that must not come
HEAD = struct.Struct("<IIiI")
NUMBERS = (0, 1, 2, 3, 7, 255, 256, 2047, 2048, 4096, 65535, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 63 - 1,
           -1, -2, -3, -4, -100, -2 ** 31, 10010, 10013, 22, 23, 111, 0xa5a5a5a5a5a5a5a5)
STATEMENTS = ("SELECT word, note, code FROM secrets ORDER BY id", "SELECT id FROM secrets", "SELECT 'open' || id FROM secrets",
              "SELECT email, card FROM customers", "UPDATE orders SET total = total WHERE id = ?", "SELECT 1 WHERE 1 = ?")


def take(source, n):
    out = b""
    while len(out) < n:
        part = source.recv(n - len(out))
        if not part:
            raise OSError("closed")
        out += part
    return out


class Link:
    """Between the driver and its worker."""

    def __init__(self, fd, side, rng, seen):
        self.side, self.rng, self.seen = side, rng, seen
        self.worker = socket.socket(fileno=os.dup(fd))
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        os.dup2(theirs.fileno(), fd)
        theirs.close()
        self.rate = rng.choice((0, 0.01, 0.05, 0.2, 0.5))
        self.worker.settimeout(2)
        self.ours.settimeout(60)
        threading.Thread(target=self.pump, daemon=True).start()

    def change(self, head, body):
        """A frame that is nearly right."""
        rng, (n, handle, what, sequence) = self.rng, head
        body = bytearray(body)
        how = rng.randrange(8)
        if how == 0:
            handle = rng.choice(NUMBERS) & 0xffffffff
        elif how == 1:
            what = rng.choice(range(-5, 140)) if rng.random() < 0.9 else rng.choice((1000, 1001, 2 ** 31 - 1))
        elif how == 2 and len(body) >= 8:
            at = rng.randrange(0, len(body) - 7, 1 if rng.random() < 0.3 else 8)
            body[at:at + 8] = struct.pack("<Q", rng.choice(NUMBERS) & (2 ** 64 - 1))
        elif how == 3 and len(body) >= 4:
            at = rng.randrange(len(body) - 3)
            body[at:at + 4] = struct.pack("<I", rng.choice(NUMBERS) & 0xffffffff)
        elif how == 4:
            body = body[:rng.randrange(len(body) + 1)]
        elif how == 5:
            body += bytes(rng.randrange(256) for _ in range(rng.randrange(64)))
        elif how == 6:
            for _ in range(rng.randrange(1, 6)):
                if body:
                    body[rng.randrange(len(body))] = rng.randrange(256)
        else:
            sequence = rng.choice((sequence, 0, 1, 2 ** 32 - 1))
        n = rng.choice(NUMBERS) & 0xffffffff if rng.random() < 0.02 else len(body)
        self.seen["changed"] += 1
        return HEAD.pack(n, handle, what, sequence) + bytes(body)

    def frame(self, source, is_changed):
        head = HEAD.unpack(take(source, HEAD.size))
        body = take(source, head[0])
        if not is_changed:
            self.seen["answers"] += 1
            self.seen["open"] += body.count(b"open") + body.count("open".encode("utf-16-le"))
            self.seen["leaked"] += sum(w in body for w in WORDS)
        return self.change(head, body) if self.rng.random() < self.rate * (is_changed == (self.side == "worker")) \
            else HEAD.pack(*head) + body

    def pump(self):
        try:
            while True:
                self.worker.sendall(self.frame(self.ours, True))
                self.ours.sendall(self.frame(self.worker, False))
        except OSError:
            pass
        for end in (self.worker, self.ours):  # a peer that waits for more gets an end
            end.close()


def streams():
    """Stream sockets of this process: what each is, by number."""
    out = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            what = os.readlink("/proc/self/fd/" + name)
            if what.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as probe:
                    if probe.type & 0xf == socket.SOCK_STREAM:
                        out[int(name)] = what
        except OSError:
            pass
    return out


def calls(connection, rng):
    for _ in range(rng.randrange(3, 15)):
        cursor = connection.cursor()
        sql = rng.choice(STATEMENTS)
        cursor.execute(sql, *([rng.randrange(5)] if "?" in sql else []))
        if cursor.description:
            rng.choice((cursor.fetchone, cursor.fetchall, lambda: cursor.fetchmany(7)))()
        if rng.random() < 0.2:
            cursor.tables().fetchall()
        if rng.random() < 0.2:
            cursor.columns(table="secrets").fetchall()
        connection.getinfo(pyodbc.SQL_DBMS_NAME)
        cursor.close()


def main():
    WORDS.extend(w.encode(c) for w in sys.stdin.read().split() for c in ("utf-8", "utf-16-le"))
    dsn, side, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    rng = random.Random(seed)
    seen = {"sessions": 0, "changed": 0, "answers": 0, "errors": 0, "refused": 0, "leaked": 0, "open": 0}
    end = time.monotonic() + seconds
    pyodbc.pooling = False
    while time.monotonic() < end:
        before = set(streams().values())
        try:
            connection = pyodbc.connect("DSN=" + dsn, autocommit=rng.random() < 0.7)
        except pyodbc.Error as error:
            seen["refused"] += 1
            seen["text"] = str(error)[:200]
            time.sleep(0.2)
            continue
        seen["sessions"] += 1
        Link(min(fd for fd, what in streams().items() if what not in before), side, rng, seen)
        try:
            calls(connection, rng)
        except (pyodbc.Error, UnicodeError, ValueError, MemoryError, OverflowError, SystemError):
            seen["errors"] += 1
        try:
            connection.close()
        except (pyodbc.Error, SystemError):
            pass
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
