#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The files of the mount beside requests: own records, the stream, drafts of refused saves, withdrawing,
words for sessions and for guardfs, and the working copy of the policies. Each with who may and who may not."""
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ADMIN, ASKER, OTHER = rig.APPROVER_UID, rig.REQUESTER_UID, rig.OTHER_UID
ASK = "UPDATE payments SET status = 'x' WHERE id = %d"
CLIENT = """
import pyodbc, sys
c = pyodbc.connect("DSN=" + sys.argv[1] + ";GuardApproval=fail", autocommit=True)
for sql in sys.argv[2:]:
    try:
        cursor = c.cursor().execute(sql)
        print("rows", [list(map(str, r)) for r in cursor.fetchall()] if cursor.description else cursor.rowcount)
    except pyodbc.Error as e:
        print("error", e.args[1])
"""
STAYS = """
import pyodbc, sys
c = pyodbc.connect("DSN=" + sys.argv[1], autocommit=True)
print("ready", flush=True)
for line in sys.stdin:
    try:
        cursor = c.cursor().execute(line.strip())
        print("ok", cursor.fetchone() if cursor.description else cursor.rowcount, flush=True)
    except pyodbc.Error as e:
        print("error", e.args[1].replace("\\n", " "), flush=True)
"""


class Place:
    def __init__(self, tap, the_rig):
        self.tap, self.rig = tap, the_rig
        self.n = 0

    def path(self, *parts):
        return os.path.join(self.rig.mount, *parts)

    def client(self, uid, *sql):
        result = self.rig.as_uid(uid, [sys.executable, "-c", CLIENT, "files-guarded"] + list(sql))
        return result.stdout + result.stderr

    def shell(self, uid, command):
        return self.rig.as_uid(uid, ["bash", "-c", command])

    def error(self, uid):
        return self.shell(uid, "cat '%s'" % self.path(".error")).stdout

    def ask(self, uid=ASKER):
        """Parks a write; returns its request's id."""
        self.n += 1
        before = set(os.listdir(self.path("approvals/requests")))
        said = self.client(uid, ASK % self.n)
        new = set(os.listdir(self.path("approvals/requests"))) - before
        assert len(new) == 1, said
        return new.pop()


# ---- records ----

def own_records(p):
    tap = p.tap
    p.client(ASKER, "SELECT count(*) FROM orders")
    p.client(OTHER, "SELECT max(id) FROM orders")
    day = os.readlink(p.path("audit/current.jsonl"))
    whole = p.rig.read("audit", day).splitlines()
    for uid in (ASKER, OTHER):
        mine = p.shell(uid, "cat '%s'" % p.path("audit/mine", day))
        lines = mine.stdout.splitlines()
        wanted = [line for line in whole if json.loads(line)["actor"]["user"]["uid"] == str(uid)]
        tap.ok(lines and lines[:len(wanted)] == wanted, "uid %d finds its own records, byte for byte" % uid,
               (len(lines), len(wanted), mine.stderr))
        size = p.shell(uid, "stat -c %%s '%s'; wc -c < '%s'" % (2 * (p.path("audit/mine", day),)))
        tap.is_(len(set(size.stdout.split())), 1, "audit/mine has its true size for %d" % uid)
    refused = p.shell(OTHER, "cat '%s'" % p.path("audit", day))
    tap.ok(refused.returncode != 0, "the whole ledger is not everybody's", refused)
    session = [json.loads(line)["actor"]["session"]["uid"] for line in whole
               if json.loads(line)["actor"]["user"]["uid"] == str(ASKER)
               and "session" in json.loads(line)["actor"]][-1]
    own = p.shell(ASKER, "cat '%s'" % p.path("sessions", session, "queries.jsonl")).stdout.splitlines()
    tap.ok(own and all(json.loads(line)["actor"]["session"]["uid"] == session for line in own),
           "a session's queries.jsonl holds its records", own[:1])
    tap.ok(p.shell(OTHER, "cat '%s'" % p.path("sessions", session, "queries.jsonl")).returncode != 0,
           "another account's session is closed to others")
    grown = len(own)
    for name, wanted in (("user", "report-bot"), ("agent", "report-bot"), ("dsn", "files-guarded")):
        tap.like(p.rig.read("sessions", session, name).strip(), wanted, "sessions/*/%s" % name)
    return grown


def view_attack(p):
    """Text that looks like another account's record must not enter that account's view."""
    day = os.readlink(p.path("audit/current.jsonl"))
    before = p.shell(OTHER, "wc -l < '%s'" % p.path("audit/mine", day)).stdout
    p.client(ASKER, "SELECT count(*) AS \"\"\"actor\"\":{\"\"user\"\":{\"\"uid\"\":\"\"%d\"\"\" FROM orders" % OTHER)
    after = p.shell(OTHER, "wc -l < '%s'" % p.path("audit/mine", day)).stdout
    p.tap.is_(after, before, "a statement cannot write itself into another account's records")


def stream(p):
    tap = p.tap
    readers, lines = [], [[] for _ in range(3)]

    def follow(i):
        process = subprocess.Popen(["cat", p.path("audit/stream")], stdout=subprocess.PIPE, text=True)
        readers.append(process)
        for line in process.stdout:
            lines[i].append(line)

    threads = [threading.Thread(target=follow, args=(i,), daemon=True) for i in range(3)]
    for thread in threads:
        thread.start()
    p.rig.wait(lambda: len(readers) == 3, "the readers", 10)
    time.sleep(1)
    for i in range(20):
        p.client(ASKER, "SELECT %d FROM orders LIMIT 1" % i)
    p.rig.wait(lambda: min(len([l for l in got if '"intent"' in l]) for got in lines) >= 20, "the stream", 30)
    tap.ok(lines[0] and lines[0] == lines[1] == lines[2], "three readers of audit/stream see the same lines",
           [len(got) for got in lines])
    whole = p.rig.read("audit", "current.jsonl")
    tap.ok("".join(lines[0]) in whole, "the stream is a part of the ledger, byte for byte")
    for process in readers:
        process.terminate()
        tap.ok(process.wait(10) is not None, "a reader that waits can be stopped")
    fd = os.open(p.path("audit/stream"), os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.read(fd, 100)
        tap.ok(False, "an empty stream with O_NONBLOCK says EAGAIN")
    except BlockingIOError:
        tap.ok(True, "an empty stream with O_NONBLOCK says EAGAIN")
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    tap.is_(poll.poll(300), [], "poll waits while there is nothing")
    p.client(ASKER, "SELECT 99 FROM orders LIMIT 1")
    tap.ok(poll.poll(10000), "poll wakes for a record")
    tap.ok(os.read(fd, 1 << 20).endswith(b"}\n"), "and the record is whole")
    os.close(fd)
    tap.ok(p.shell(OTHER, "timeout 3 cat '%s'" % p.path("audit/stream")).returncode not in (0, 124),
           "the stream is for auditors")


# ---- requests ----

def drafts_and_errors(p):
    tap = p.tap
    request = p.ask()
    path = p.path("approvals/pending", request + ".yaml")
    bad = p.shell(ADMIN, "sed -i 's/^decision: pending/decision: maybe, says the DBA/' '%s'" % path)
    tap.ok(bad.returncode != 0, "a wrong word is refused", bad)
    drafts = p.path("approvals/drafts", str(ADMIN))
    kept = p.shell(ADMIN, "ls '%s'" % drafts).stdout.split()
    tap.ok(len(kept) == 1 and kept[0].startswith(request), "what was refused is kept as a draft", kept)
    text = p.shell(ADMIN, "cat '%s/%s'" % (drafts, kept[0])).stdout
    tap.like(text, "maybe, says the DBA", "the draft holds what was written")
    tap.ok(p.shell(OTHER, "cat '%s/%s'" % (drafts, kept[0])).returncode != 0, "a draft is its writer's alone")
    tap.ok(p.shell(OTHER, "ls '%s'" % drafts).returncode != 0, "and so is their list")
    last = json.loads(p.rig.read("approvals/errors.jsonl").splitlines()[-1])
    tap.ok(last["uid"] == ADMIN and last["error"] == "EBADMSG" and "decision" in last["reason"],
           "errors.jsonl tells of it", last)
    tap.ok(p.shell(OTHER, "cat '%s'" % p.path("approvals/errors.jsonl")).returncode != 0,
           "errors.jsonl is for approvers")
    tap.ok("decision" in p.error(ADMIN), ".error says why")
    tap.is_(p.shell(ADMIN, "echo > '%s'" % p.path(".error")).returncode, 0, "an empty line clears .error")
    tap.is_(p.error(ADMIN), "", ".error is empty then")
    tap.is_(p.shell(ADMIN, "rm '%s/%s'" % (drafts, kept[0])).returncode, 0, "a draft can be removed")
    plan = p.shell(ASKER, "cat '%s'" % p.path("approvals/requests", request, "plan.txt")).stdout
    tap.ok("update table" in plan and "payments" in plan and "sql:" not in plan, "plan.txt says what it would do",
           plan)
    history = p.shell(ASKER, "cat '%s'" % p.path("approvals/requests", request, "history.jsonl")).stdout
    tap.is_([json.loads(line)["what"] for line in history.splitlines()], ["asked"], "history.jsonl of a new one")
    return request


def withdraw(p, request):
    tap = p.tap
    mine = p.path("approvals/mine", request + ".yaml")
    listed = p.shell(ASKER, "ls '%s'" % p.path("approvals/mine")).stdout.split()
    tap.ok(request + ".yaml" in listed, "the requester finds their request under mine/", listed)
    tap.is_(p.shell(OTHER, "ls '%s'" % p.path("approvals/mine")).stdout, "", "others find nothing there")
    tap.ok(p.shell(OTHER, "rm -f '%s'" % mine).returncode != 0, "nobody else can withdraw it")
    tap.is_(p.rig.read("approvals/requests", request, "status").strip(), "pending", "it still waits")
    tap.is_(p.shell(ASKER, "rm '%s'" % mine).returncode, 0, "the requester withdraws it by rm")
    tap.is_(p.rig.read("approvals/requests", request, "status").strip(), "void", "a withdrawn request is void")
    late = p.shell(ADMIN, "sed -i 's/^decision: pending/decision: approve/' '%s'"
                   % p.path("approvals/pending", request + ".yaml"))
    tap.ok(late.returncode != 0, "and cannot be approved any more", late)


# ---- sessions ----

def sessions(p):
    tap = p.tap
    before = set(os.listdir(p.path("sessions")))
    process = subprocess.Popen(["setpriv", "--reuid", str(ASKER), "--regid", str(ASKER), "--clear-groups",
                                sys.executable, "-c", STAYS, "files-guarded"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def say(sql):
        process.stdin.write(sql + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    tap.is_(process.stdout.readline().strip(), "ready", "a session is open")
    session = (set(os.listdir(p.path("sessions"))) - before).pop()
    control = p.path("sessions", session, "ctl")
    tap.like(say("UPDATE orders SET total = total WHERE id = 1"), "ok", "it may write")
    for uid, words, code in ((OTHER, "read-only", 1), (ADMIN, "nonsense", 1), (ADMIN, "read-only", 0)):
        result = p.shell(uid, "echo %s > '%s'" % (words, control))
        tap.ok((result.returncode != 0) == bool(code), "uid %d writes %s into its ctl" % (uid, words), result)
    tap.like(say("UPDATE orders SET total = total WHERE id = 1"), "read only", "a read-only session writes no more")
    tap.like(say("SELECT count(*) FROM orders"), "ok", "and still reads")
    tap.like(p.rig.read("sessions", session, "info.json"), '"read_only":true', "info.json says so")
    tap.like(p.rig.read("targets/files/sessions"), session, "targets/*/sessions lists it")
    wrong = p.shell(OTHER, "echo kill %s > '%s'" % (session, p.path("ctl")))
    tap.ok(wrong.returncode != 0, "the mount's ctl is for admins", wrong)
    tap.is_(p.shell(ADMIN, "echo kill %s > '%s'" % (session, p.path("ctl"))).returncode, 0, "an admin ends it by ctl")
    tap.like(say("SELECT count(*) FROM orders"), "error", "an ended session runs nothing")
    tap.like(p.rig.read("sessions", session, "state"), "killed", "its state says so")
    process.stdin.close()
    process.wait(20)


# ---- policies ----

def policies(p):
    tap = p.tap
    edit = p.path("policies/edit")
    tap.ok(p.shell(OTHER, "cat '%s/shop.yaml'" % edit).returncode != 0, "the working copy is for admins")
    tap.is_(sorted(p.shell(ADMIN, "ls '%s'" % edit).stdout.split()), ["shop.yaml"],
            "the working copy begins as the set in force")
    bad = p.shell(ADMIN, "sed -i 's/^mode: enforce/mode: sleepy/' '%s/shop.yaml'" % edit)
    tap.ok(bad.returncode != 0, "a save with a wrong value is refused", bad)
    tap.like(p.error(ADMIN), "shop.yaml:", ".error says file, line and column")
    tap.ok("mode: enforce" in p.shell(ADMIN, "cat '%s/shop.yaml'" % edit).stdout, "the copy is as it was")
    good = p.shell(ADMIN, "sed -i 's/id: no-ddl/id: never-ddl/' '%s/shop.yaml'" % edit)
    tap.is_((good.returncode, good.stderr), (0, ""), "a good save by sed -i")
    tap.like(p.client(ASKER, "DROP TABLE orders"), "shop/no-ddl", "which is not in force yet")
    for tool in ("vim", "nano", "ed"):
        if tool == "ed" and shutil.which("ed"):
            done = p.shell(ADMIN, "printf '%%s\\n' '/say:/s/runbook/handbook/' w q | ed -s '%s/shop.yaml'" % edit)
            tap.is_((done.returncode, done.stderr), (0, ""), "a good save by ed")
    tested = p.shell(ADMIN, "echo > '%s/.test' && cat '%s/.test'" % (edit, edit))
    tap.ok(tested.returncode == 0 and tested.stdout.strip().endswith("ok"), ".test runs the tests", tested)
    new = p.shell(ADMIN, "printf 'policy: more\\napplies-to: {principals: [\"*\"], targets: [nowhere]}\\nmode: enforce\\n"
                  "rules:\\n  - id: a\\n    when: {effect: select}\\n    then: allow\\n' > '%s/more.yaml'" % edit)
    tap.is_((new.returncode, new.stderr), (0, ""), "a new file in the working copy")
    done = p.shell(OTHER, "echo now > '%s/.commit'" % edit)
    tap.ok(done.returncode != 0, "only an admin commits", done)
    done = p.shell(ADMIN, "echo 'ticket 12' > '%s/.commit'" % edit)
    tap.is_((done.returncode, done.stderr), (0, ""), "an admin commits")
    p.rig.wait(lambda: "never-ddl" in p.rig.read("policies/active/shop.yaml"), "the new set", 10)
    tap.like(p.client(ASKER, "DROP TABLE orders"), "shop/never-ddl", "and it is in force at the next statement")
    tap.is_(sorted(os.listdir(p.rig.policies)), ["more.yaml", "shop.yaml"], "the policy folder holds it")
    history = sorted(os.listdir(p.path("policies/history")))
    infos = [p.rig.read("policies/history", name) for name in history if name.endswith(".info")]
    tap.ok(len(infos) == 2 and "by: user:dora" in infos[1] and "reason: ticket 12" in infos[1],
           "history knows who and why", infos)
    old = [name for name in history if name.endswith("-shop.yaml")]
    tap.ok(len(old) == 2 and "no-ddl" in p.rig.read("policies/history", old[0]), "and the earlier text", history)
    done = p.shell(ADMIN, "rm '%s/more.yaml' && echo 'not needed' > '%s/.commit'" % (edit, edit))
    tap.is_((done.returncode, done.stderr), (0, ""), "a file is removed and that committed")
    tap.is_(os.listdir(p.rig.policies), ["shop.yaml"], "it is gone from the folder")
    p.shell(ADMIN, "sed -i 's/never-ddl/other/' '%s/shop.yaml'" % edit)
    tap.is_(p.shell(ADMIN, "echo > '%s/.abort'" % edit).returncode, 0, "the working copy is dropped by .abort")
    tap.ok("never-ddl" in p.shell(ADMIN, "cat '%s/shop.yaml'" % edit).stdout, "and is the set in force again")


def everything_reads(p):
    """Archivers and searchers see each file at its true size."""
    tap = p.tap
    out = p.rig.path("copy.tar")
    result = subprocess.run(["tar", "-C", p.rig.mount, "--exclude=./audit/stream", "-cf", out, "."],
                            capture_output=True, text=True)
    names = subprocess.run(["tar", "-tf", out], capture_output=True, text=True).stdout.split()
    complaints = [line for line in result.stderr.splitlines() if "file changed" not in line]
    tap.ok(len(names) > 40 and not complaints, "tar takes the whole mount", complaints[:5])
    wrong = []
    for folder, _, files in os.walk(p.rig.mount):
        for name in files:
            path = os.path.join(folder, name)
            if path.endswith("stream") or "/audit/" in path or "/metrics/" in path:
                continue
            with open(path, "rb") as file:
                if len(file.read()) != os.path.getsize(path) and name not in ("status", "current.jsonl"):
                    wrong.append(path)
    tap.is_(wrong, [], "sizes are true")


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    rows = "".join("INSERT INTO payments VALUES (%d, 1, 1, 'open');\n" % (100 + n) for n in range(20))
    the_rig.sqlite("files", rig.SHOP_SQL + rows)
    the_rig.start()
    p = Place(tap, the_rig)
    own_records(p)
    view_attack(p)
    stream(p)
    withdraw(p, drafts_and_errors(p))
    sessions(p)
    policies(p)
    everything_reads(p)
    result = the_rig.guardctl("verify", os.path.join(the_rig.state, "audit"))
    tap.is_(result.returncode, 0, "the chain verifies")
    tap.done()


main()
