#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GuardLogLevel and GuardLogPath: each level writes its own calls into a file of the process's own, which only
its owner reads and in which no statement, value or secret ever stands. What cannot be logged as asked for
fails the connect."""
import os
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

CANARY = "canary" + "-%d" % os.getpid()
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ \d+ (record 0x[0-9a-f]+ [0-9A-Z]{5} -?\d+"
                  r"|SQL[A-Za-z]+ 0x[0-9a-f]+ (begins|SQL_[A-Z_]+ \d+ us))$")
# One process for each level: a log belongs to a process. What goes through it holds the canary everywhere.
WORK = """
import pyodbc, sys
c = pyodbc.connect(sys.argv[1], autocommit=False)
u = c.cursor()
u.execute("SELECT name, card, '%(canary)s' FROM customers WHERE name <> ?", "%(canary)s").fetchall()
try:
    u.execute("DROP TABLE customers -- %(canary)s")
except pyodbc.Error as error:
    assert "71001" in str(error), error
else:
    raise SystemExit("DROP ran")
u.close()
c.rollback()
c.close()
""" % {"canary": CANARY}


def run(the_rig, level, more=""):
    """Returns the log's lines without stamp and ids after the work at that level; the run must have worked."""
    folder = the_rig.path("log-%s" % level)
    os.mkdir(folder)
    keys = "DSN=shop-guarded;GuardApp=%s;GuardLogLevel=%s;GuardLogPath=%s%s" % (CANARY, level, folder, more)
    child = subprocess.run([sys.executable, "-c", WORK, keys], capture_output=True, text=True)
    if child.returncode:
        raise RuntimeError(child.stderr)
    return folder, [open(os.path.join(folder, name)).read() for name in sorted(os.listdir(folder))]


def levels(tap, the_rig):
    expect = {  # level: what must stand there, what must not
        "0": ([], [""]),
        "1": (["SQLExecDirect", "SQL_ERROR", "record", "42000 71001"], ["SQLDriverConnect", "SQLFetch"]),
        "2": (["SQL_ERROR"], ["SQLEndTran", "SQLFetch"]),
        "3": (["SQLDriverConnect", "SQLEndTran", "SQLDisconnect"], ["SQLExecute", "SQLFetch"]),
        "4": (["SQLExecute", "SQLDisconnect"], ["SQLFetch", "SQLBindParameter"]),
        "5": (["SQLFetch", "SQLBindParameter", "SQLGetInfo"], ["begins"]),
        "6": (["SQLFetch", "begins"], []),
    }
    sizes = []
    for level, (there, absent) in expect.items():
        folder, texts = run(the_rig, level)
        if level == "0":
            tap.is_(texts, [], "level 0 writes no file")
            continue
        tap.is_(len(texts), 1, "level %s writes one file" % level)
        text = texts[0]
        name = os.listdir(folder)[0]
        mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
        tap.is_(mode, 0o600, "level %s: only its owner reads it" % level)
        tap.ok(re.fullmatch(r"odbcguard-\d+\.log", name), "level %s: named after its process" % level, name)
        tap.ok(all(part in text for part in there) and not any(part in text for part in absent),
               "level %s holds its calls and no others" % level, text)
        tap.is_([line for line in text.splitlines() if not LINE.match(line)], [],
                "level %s: every line is a time, ids, a call and its result" % level)
        tap.ok(CANARY not in text and "customers" not in text and "4" + "0" * 11 not in text,
               "level %s: no statement, value or key in the log" % level, text)
        sizes.append(text.count("\n"))
    tap.is_(sizes, sorted(sizes), "a higher level never says less")


def wrong(tap, the_rig):
    open(the_rig.path("plain"), "w").close()
    os.mkdir(the_rig.path("linked"))
    victim = the_rig.path("victim")
    open(victim, "w").close()
    os.symlink(victim, the_rig.path("linked", "odbcguard-%d.log" % os.getpid()))
    cases = [("a level without a folder", "GuardLogLevel=3", "GuardLogPath"),
             ("a folder that is not absolute", "GuardLogLevel=3;GuardLogPath=logs", "GuardLogPath"),
             ("a folder that does not exist", "GuardLogLevel=3;GuardLogPath=" + the_rig.path("none"),
              "GuardLogPath"),
             ("a file in the folder's place", "GuardLogLevel=3;GuardLogPath=" + the_rig.path("plain"),
              "GuardLogPath"),
             ("a link in the file's place", "GuardLogLevel=3;GuardLogPath=" + the_rig.path("linked"),
              "GuardLogPath"),
             ("a level beyond the last", "GuardLogLevel=7;GuardLogPath=" + the_rig.folder, "GuardLogLevel"),
             ("a level that is no number", "GuardLogLevel=all;GuardLogPath=" + the_rig.folder, "GuardLogLevel")]
    for name, keys, part in cases:
        try:
            pyodbc.connect("DSN=shop-guarded;" + keys).close()
            got = "connected"
        except pyodbc.Error as error:
            got = "%s %s" % (error.args[0], error.args[-1])
        tap.ok(got.startswith("08001") and "(71008)" in got and part in got, name + " fails the connect", got)
    tap.is_(os.path.getsize(victim), 0, "nothing is written through a link")
    pyodbc.connect("DSN=shop-guarded;GuardLogLevel=0;GuardLogPath=" + the_rig.path("none")).close()
    tap.ok(True, "level 0 needs no folder")


def full_disk(tap, the_rig):
    """A log that cannot be written costs its lines, never the statement; how many is said."""
    folder = the_rig.path("full")
    os.mkdir(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", folder], check=True)
    try:
        keys = "DSN=shop-guarded;GuardLogLevel=6;GuardLogPath=" + folder
        connection = pyodbc.connect(keys)
        cursor = connection.cursor()
        for _ in range(40):
            cursor.execute("SELECT name FROM customers").fetchall()
        path = os.path.join(folder, os.listdir(folder)[0])
        tap.ok(os.path.getsize(path) <= 4096, "the log's disk is full and statements run")
        os.truncate(path, 0)
        cursor.execute("SELECT name FROM customers").fetchall()
        connection.close()
        lost = re.search(r"\((\d+) lines lost before\)", open(path).read())
        tap.ok(lost and int(lost.group(1)) > 100, "once there is room it says how many lines were lost")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("shop", rig.SHOP_SQL)
    the_rig.start()
    levels(tap, the_rig)
    wrong(tap, the_rig)
    full_disk(tap, the_rig)
    tap.done()


main()
