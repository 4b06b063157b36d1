#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The recording of a session: guardctl replay and the cast of the mount, over a session whose course is known."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HOSTILE = "SELECT id AS \"\x1b]0;owned\x07\x1b[2J\x9b1m\" FROM orders WHERE id = 1"


pyodbc.pooling = False  # a pooled connection stays open


def course():
    connection = pyodbc.connect("DSN=reel-guarded;GuardApproval=fail", autocommit=True)
    cursor = connection.cursor()
    cursor.execute("SELECT id, email FROM customers WHERE name = 'Ann'").fetchall()
    for sql in ("DROP TABLE orders", "UPDATE payments SET amount = 0 WHERE id = 1", HOSTILE):
        try:
            cursor.execute(sql)
            if cursor.description:
                cursor.fetchall()
        except pyodbc.Error:
            pass
    cursor.close()  # SQLite's driver does not disconnect while a statement is open
    connection.close()


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("reel", rig.SHOP_SQL)
    the_rig.start()
    course()
    the_rig.wait(lambda: any(r["unmapped"]["guard"].get("what") == "close" for r in the_rig.ledger()), "the end", 20)
    sessions = [r["actor"]["session"]["uid"] for r in the_rig.ledger() if "session" in r["actor"]]
    session = sessions[0]
    result = the_rig.guardctl("replay", session, "--state", the_rig.state)
    lines = result.stdout.splitlines()
    tap.is_(result.returncode, 0, "a session is replayed")
    at = 0
    for part in ("session open", "> SELECT id, email FROM customers WHERE name = ?", "masked: email", "1 row,",
                 "> DROP TABLE orders", "denied by shop/no-ddl", "request pending", "> SELECT id AS", "1 row,",
                 "session close"):
        at = next((i + 1 for i in range(at, len(lines)) if part in lines[i]), 0)
        if not tap.ok(at, "in its place: " + part, lines):
            break
    tap.ok("Ann" not in result.stdout, "without the values that the ledger does not have")
    raw = [c for c in result.stdout if ord(c) < 32 and c != "\n"]
    tap.is_(raw, [], "nothing in it moves a terminal's cursor")
    found = the_rig.guardctl("replay", session, "--state", the_rig.state, "--search", "DROP TABLE")
    tap.like(found.stdout.splitlines()[0], "> DROP TABLE orders", "--search begins there")
    tap.is_(the_rig.guardctl("replay", session, "--state", the_rig.state, "--search", "nowhere").returncode, 1,
            "--search without a hit says no")
    for arguments in (["s-0000000000", "--state", the_rig.state], [session], [session, "--state", "/nowhere"],
                      [session, "--state", the_rig.state, "--speed", "fast"]):
        refused = the_rig.guardctl("replay", *arguments)
        tap.ok(refused.returncode == 2 and refused.stderr, "refused: replay %d arguments" % len(arguments), refused)
    cast = the_rig.read("sessions", session, "replay.cast")
    own = the_rig.guardctl("replay", session, "--state", the_rig.state, "--cast").stdout
    tap.is_(cast, own, "the mount's cast is guardctl's")
    head, events = json.loads(cast.splitlines()[0]), [json.loads(line) for line in cast.splitlines()[1:]]
    tap.ok(head["version"] == 2 and head["width"] > 0 and head["timestamp"] > 0, "an asciicast v2", head)
    times = [e[0] for e in events]
    tap.ok(times == sorted(times) and {e[1] for e in events} == {"o", "m"}, "times ascend; output and markers")
    ours = {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"}
    text = "".join(e[2] for e in events if e[1] == "o")
    for escape in ours:
        text = text.replace(escape, "")
    tap.ok("\x1b" not in text and "\x07" not in text and "\x9b" not in text, "hostile text is shown, not obeyed",
           [c for c in text if ord(c) < 32])
    size = os.path.getsize(os.path.join(the_rig.mount, "sessions", session, "replay.cast"))
    tap.is_(size, len(cast.encode()), "its size is true")
    if shutil.which("asciinema"):
        path = the_rig.path("session.cast")
        with open(path, "w") as file:
            file.write(cast)
        played = subprocess.run(["script", "-qec", "asciinema cat " + path, "/dev/null"], capture_output=True,
                                text=True, stdin=subprocess.DEVNULL)
        tap.ok(played.returncode == 0 and "DROP TABLE orders" in played.stdout, "asciinema plays it", played)
    else:
        print("# asciinema is not installed: not played")
    tap.done()


main()
