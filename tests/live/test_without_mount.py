#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The files of the mount without the mount: guardctl ls, cat, tail and edit over the socket give the same bytes,
the same rights and the same refusals, also for a ledger far larger than memory that is worth spending on it."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ADMIN, ASKER, OTHER = rig.APPROVER_UID, rig.REQUESTER_UID, rig.OTHER_UID
CLIENT = """
import pyodbc, sys
c = pyodbc.connect("DSN=socket-guarded;GuardApproval=fail", autocommit=True)
for sql in sys.argv[1:]:
    try: print(c.execute(sql).rowcount)
    except pyodbc.Error as e: print(e.args[1])
"""
FIRST, BIG_LINES, BIG_WIDTH = 1000000, 700000, 500


class Place:
    def __init__(self, tap, the_rig):
        self.tap, self.rig = tap, the_rig

    def ctl(self, uid, *arguments, text=None, editor=None, seconds=60):
        program = os.path.join(rig.BUILD, "fusefs/guardctl")
        environment = dict(os.environ, EDITOR=editor or "false")
        environment.pop("VISUAL", None)
        return self.rig.as_uid(uid, [program, "--socket", self.rig.socket, *arguments], input=text,
                               env=environment, timeout=seconds)

    def ask(self, n):
        before = set(os.listdir(os.path.join(self.rig.mount, "approvals/requests")))
        said = self.rig.as_uid(ASKER, [sys.executable, "-c", CLIENT,
                                       "UPDATE payments SET status = 'x' WHERE id = %d" % n])
        new = set(os.listdir(os.path.join(self.rig.mount, "approvals/requests"))) - before
        assert len(new) == 1, said
        return new.pop()

    def state(self, request):
        return self.rig.read("approvals/requests", request, "status").strip()


def same_everywhere(p):
    """Every file and folder of the mount: the same names and the same bytes, or the same no, for three accounts."""
    different, n_files, n_refused = [], 0, 0
    moving = ("status", "odbcguard.prom", "info.json", "sessions")
    for uid in (ADMIN, ASKER, OTHER):
        folders = [""]
        while folders:
            folder = folders.pop()
            mounted = p.rig.as_uid(uid, ["ls", "-A", os.path.join(p.rig.mount, folder)])
            spoken = p.ctl(uid, "ls", folder) if folder else p.ctl(uid, "ls")
            if (mounted.returncode == 0) != (spoken.returncode == 0) or \
               sorted(mounted.stdout.split()) != sorted(spoken.stdout.split()):
                different.append((uid, folder, mounted, spoken))
            for name in mounted.stdout.split():
                path = os.path.join(folder, name)
                real = os.path.join(p.rig.mount, path)
                if os.path.isdir(real) and not os.path.islink(real):
                    folders.append(path)
                elif name not in moving and path != "audit/stream" and not path.startswith("policies/history"):
                    mounted_text = p.rig.as_uid(uid, ["cat", real])
                    spoken_text = p.ctl(uid, "cat", path)
                    n_files += 1
                    n_refused += spoken_text.returncode == 1
                    if mounted_text.stdout != spoken_text.stdout or \
                       (mounted_text.returncode == 0) != (spoken_text.returncode == 0):
                        different.append((uid, path, mounted_text.stdout[-200:], mounted_text.stderr,
                                          spoken_text.stdout[-200:], spoken_text.stderr))
    p.tap.ok(not different, "ls and cat are the mount's, for an admin and two others", different[:3])
    p.tap.ok(n_files > 100 and n_refused > 5, "%d files were compared, %d of them refused" % (n_files, n_refused))


def answering(p):
    tap = p.tap
    first, second, third = p.ask(1), p.ask(2), p.ask(3)
    path = "approvals/pending/%s.yaml"
    edit = "sed -i 's/^decision: pending/decision: %s/'"
    no = p.ctl(OTHER, "edit", path % first, editor=edit % "approve")
    tap.ok(no.returncode == 1 and p.state(first) == "pending", "who may not read a request cannot edit it", no)
    bad = p.ctl(ADMIN, "edit", path % first, editor=edit % "maybe")
    tap.ok(bad.returncode == 2 and "decision" in bad.stderr and p.state(first) == "pending",
           "a wrong word is refused with its reason", bad)
    kept = bad.stderr.split("your text is in ")[-1].strip()
    tap.ok("decision: maybe" in p.rig.as_uid(ADMIN, ["cat", kept]).stdout, "what was refused is kept where it says", bad)
    os.unlink(kept)
    os.rmdir(os.path.dirname(kept))
    same = p.ctl(ADMIN, "edit", path % first, editor="true")
    tap.ok(same.returncode == 0 and "unchanged" in same.stderr and p.state(first) == "pending",
           "an editor that changes nothing answers nothing", same)
    broken = p.ctl(ADMIN, "edit", path % first, editor=edit % "approve" + " \"$1\"; exit 1;")
    tap.ok(broken.returncode == 2 and p.state(first) == "pending", "an editor that fails answers nothing", broken)
    good = p.ctl(ADMIN, "edit", path % first, editor=edit % "approve")
    tap.ok(good.returncode == 0 and p.state(first) == "approved", "a request is approved by guardctl edit", good)
    digest = p.ctl(ADMIN, "cat", "approvals/requests/%s/digest" % second).stdout[:8]
    wrong = p.ctl(ADMIN, "edit", "approvals/requests/%s/decision" % second, "--from", "-", text="deny 00000000 no\n")
    tap.ok(wrong.returncode != 0 and p.state(second) == "pending", "a wrong digest is refused", wrong)
    good = p.ctl(ADMIN, "edit", "approvals/requests/%s/decision" % second, "--from", "-",
                 text="deny %s not today\n" % digest)
    tap.ok(good.returncode == 0 and p.state(second) == "denied", "a request is denied by --from -", good)
    own = p.ctl(ASKER, "edit", path % third, editor=edit % "approve")
    tap.ok(own.returncode == 1 and p.state(third) == "pending", "nobody approves their own", own)
    bad = p.ctl(ADMIN, "edit", "policies/edit/shop.yaml", editor="sed -i 's/^mode: enforce/mode: sleepy/'")
    tap.ok(bad.returncode == 2 and "shop.yaml:" in bad.stderr, "a policy with a wrong value is refused", bad)
    good = p.ctl(ADMIN, "edit", "policies/edit/shop.yaml", editor="sed -i 's/runbook/handbook/'")
    tap.is_((good.returncode, good.stderr), (0, ""), "a policy of the working copy is edited")
    new = p.ctl(ADMIN, "edit", "policies/edit/more.yaml", "--from", "-", text=rig.SHOP_POLICY.replace(
        "policy: shop", "policy: more"))
    tap.is_((new.returncode, new.stderr), (0, ""), "a new file is made there")
    done = p.ctl(ADMIN, "edit", "policies/edit/.commit", "--from", "-", text="without the mount\n")
    tap.is_((done.returncode, sorted(os.listdir(p.rig.policies))), (0, ["more.yaml", "shop.yaml"]), "and committed")
    no = p.ctl(ADMIN, "edit", "health", "--from", "-", text="ok\n")
    tap.ok(no.returncode == 2 and "ead-only" in no.stderr, "what nobody writes cannot be edited", no)


def current(p):
    tap = p.tap
    day = os.readlink(os.path.join(p.rig.mount, "audit/current.jsonl"))
    whole = p.rig.read("audit", day)
    said = p.ctl(ADMIN, "cat", "audit/current.jsonl")
    tap.ok(said.stdout.startswith(whole), "cat follows the link of today's file", said.stderr)
    tail = p.ctl(ADMIN, "tail", "audit/current.jsonl", "--lines", "3").stdout.splitlines()
    tap.ok(len(tail) == 3 and all(json.loads(line)["metadata"]["sequence"] for line in tail), "and so does tail", tail)
    no = p.ctl(OTHER, "tail", "audit/current.jsonl")
    tap.ok(no.returncode == 1 and not no.stdout, "for auditors alone", no)
    follower = subprocess.Popen([os.path.join(rig.BUILD, "fusefs/guardctl"), "--socket", p.rig.socket, "tail",
                                 "audit/current.jsonl", "--lines", "1", "--follow"], stdout=subprocess.PIPE, text=True)
    first = json.loads(follower.stdout.readline())["metadata"]["sequence"]
    p.rig.as_uid(ASKER, [sys.executable, "-c", CLIENT] + ["SELECT %d FROM orders LIMIT 1" % n for n in range(20)])
    follower_lines = [json.loads(follower.stdout.readline()) for _ in range(40)]
    follower.send_signal(signal.SIGINT)
    follower.wait(20)
    tap.is_([r["metadata"]["sequence"] for r in follower_lines], list(range(first + 1, first + 41)),
            "tail --follow gives each record once, in order")
    view = p.ctl(ASKER, "tail", "audit/mine/" + day, "--lines", "5").stdout.splitlines()
    tap.ok(len(view) == 5 and all(json.loads(line)["actor"]["user"]["uid"] == str(ASKER) for line in view),
           "one's own records by tail", view)


def large(p):
    """Far more than a message or a buffer takes: the daemon must neither hold it nor stand still for it."""
    tap = p.tap
    path = os.path.join(p.rig.state, "audit/2020-01-01.jsonl")
    line = '{"n":%d,"text":"' + "x" * (BIG_WIDTH - 25) + '"}\n'
    with open(path, "w") as file:
        for n in range(0, BIG_LINES, 1000):
            file.write("".join(line % (FIRST + i) for i in range(n, n + 1000)))
    size = os.path.getsize(path)

    def resident():
        with open("/proc/%d/status" % p.rig.guardfs.pid) as file:
            return next(int(text.split()[1]) for text in file if text.startswith("VmRSS"))

    before = resident()
    began = time.monotonic()
    tail = p.ctl(ADMIN, "tail", "audit/2020-01-01.jsonl", "--lines", "2")
    tail_seconds = time.monotonic() - began
    tap.is_([json.loads(text)["n"] for text in tail.stdout.splitlines()], [FIRST + BIG_LINES - 2, FIRST + BIG_LINES - 1],
            "tail of a file of %d MB" % (size >> 20))
    deep = p.ctl(ADMIN, "tail", "audit/2020-01-01.jsonl", "--lines", "5000").stdout.splitlines()
    tap.is_((len(deep), json.loads(deep[0])["n"]), (5000, FIRST + BIG_LINES - 5000), "and of many of its lines")
    began = time.monotonic()
    counted = subprocess.run("%s/fusefs/guardctl --socket %s cat audit/2020-01-01.jsonl | sha256sum"
                             % (rig.BUILD, p.rig.socket), shell=True, capture_output=True, text=True).stdout
    cat_seconds = time.monotonic() - began
    wanted = subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout
    tap.is_(counted.split()[0], wanted.split()[0], "cat gives all of it")
    mounted = subprocess.run(["tail", "-n", "1", os.path.join(p.rig.mount, "audit/2020-01-01.jsonl")],
                             capture_output=True, text=True).stdout
    tap.ok(mounted.startswith('{"n":%d' % (FIRST + BIG_LINES - 1)), "tail through the mount", mounted[:100])
    began = time.monotonic()
    grep = subprocess.run(["grep", "-c", '"n":1699', os.path.join(p.rig.mount, "audit/2020-01-01.jsonl")],
                          capture_output=True, text=True)
    grep_seconds = time.monotonic() - began
    tap.is_(grep.stdout.strip(), "1000", "grep through the mount")
    grown = resident() - before
    tap.ok(grown < 16 * 1024, "guardfs did not grow with it: %d kB" % grown)
    tap.note("%d MB: guardctl tail %.2f s, guardctl cat %.2f s, grep through the mount %.2f s" % (
        size >> 20, tail_seconds, cat_seconds, grep_seconds))
    os.unlink(path)


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("socket", rig.SHOP_SQL)
    the_rig.start()
    p = Place(tap, the_rig)
    answering(p)
    current(p)
    same_everywhere(p)
    large(p)
    tap.done()


main()
