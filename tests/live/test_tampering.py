#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a ledger shows when somebody had a hand in it: every change of a byte, every line that goes, comes or
moves, by the chain; cutting it with its anchors, making it anew with a key of one's own, restoring an old
state folder, by anchors in a second place. Each that the folder alone cannot show is shown to be so (the
control). And retention: days that were let go, told from days that somebody took.
OG_FLIPS: random changes of single bytes (200). OG_SEED: of them."""
import base64
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

CLIENT = """
import pyodbc, sys
c = pyodbc.connect("DSN=tamper-guarded;GuardApproval=fail", autocommit=True)
for n in range(int(sys.argv[1])):
    c.execute("SELECT %d FROM orders" % n).fetchall()
"""
ZERO = "0" * 64


class Ledger:
    """A copy of the audit folder that can be tampered with."""

    def __init__(self, place, name):
        self.place, self.folder = place, place.rig.path("copy-" + name)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(os.path.join(place.rig.state, "audit"), self.folder)
        self.days = sorted(n[:10] for n in os.listdir(self.folder) if n.endswith(".jsonl"))

    def path(self, suffix=".jsonl", day=-1):
        return os.path.join(self.folder, self.days[day] + suffix)

    def lines(self, suffix=".jsonl"):
        with open(self.path(suffix), "rb") as file:
            return file.read().splitlines(keepends=True)

    def put(self, lines, suffix=".jsonl"):
        with open(self.path(suffix), "wb") as file:
            file.writelines(lines)

    def verify(self, *more):
        return self.place.rig.guardctl("verify", self.folder, *more)

    def chain_anew(self, lines):
        """Correct fingerprints over changed lines, as who knows the format can make them."""
        previous, out = ZERO, []
        for line in lines:
            line = re.sub(rb'("prev_event":\{.*"value":")[0-9a-f]{64}', rb"\g<1>" + previous.encode(), line)
            previous = hashlib.sha256(line).hexdigest()
            out.append(line)
        return out

    def sign_anew(self):
        """A key of one's own, and an anchor for each line that had one."""
        key = os.path.join(self.folder, "own.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", os.path.join(
            self.folder, "anchor.pub.pem")], check=True, capture_output=True)
        hashes = {re.search(rb'"sequence":(\d+)', line).group(1).decode(): hashlib.sha256(line).hexdigest()
                  for line in self.lines()}
        anchors = []
        for line in self.lines(".anchors"):
            sequence, _, unix_ms, epoch, _ = line.decode().split()
            if sequence not in hashes:
                continue
            fields = " ".join((sequence, hashes[sequence], unix_ms, epoch))
            text = os.path.join(self.folder, "text")
            with open(text, "w") as file:
                file.write("odbcguard-anchor v1 %s\n" % fields)
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text],
                                       check=True, capture_output=True).stdout
            anchors.append(("%s %s\n" % (fields, base64.b64encode(signature).decode())).encode())
        self.put(anchors, ".anchors")


class Place:
    def __init__(self, tap, the_rig, second):
        self.tap, self.rig, self.second = tap, the_rig, second

    def work(self, n=10):
        done = self.rig.as_uid(rig.REQUESTER_UID, [sys.executable, "-c", CLIENT, str(n)])
        assert done.returncode == 0, done

    def copied(self, path=None):
        try:
            with open(path or self.second) as file:
                return [int(line.split()[0]) for line in file if line.strip()]
        except OSError:
            return []

    def health(self):
        return self.rig.read("health")

    def wait_copied(self, path=None):
        wanted = int(re.search(r"ledger_sequence: (\d+)", self.rig.read("status")).group(1))
        self.rig.wait(lambda: self.copied(path) and self.copied(path)[-1] >= wanted, "the anchor's copy", 30)


def second_place(p, by_command):
    tap = p.tap
    p.work()
    p.wait_copied()
    p.wait_copied(by_command)
    tap.ok(True, "anchors come to a file and through a command")
    tap.is_(p.rig.as_uid(65534, ["cat", p.second]).returncode, 1, "the file is not guardfs' own account's to read")
    if os.geteuid() == 0:
        status = open("/proc/%d/status" % p.rig.guardfs.pid).read()
        tap.like(status, "Uid:\t65534", "guardfs itself has given up root")
    good = p.rig.guardctl("verify", "--state", p.rig.state, "--anchors", p.second)
    tap.ok(good.returncode == 0 and "second place: " in good.stdout, "a ledger holds against its second place", good)
    aside = p.second + ".1"
    os.rename(p.second, aside)
    os.mkdir(p.second)
    p.work()
    p.rig.wait(lambda: "not copied" in p.health(), "the warning", 30)
    tap.ok(p.health().startswith("ok") and p.second in p.health(), "health warns where the place fails", p.health())
    p.work()
    tap.ok(True, "and statements run on")
    os.rmdir(p.second)
    p.rig.wait(lambda: "not copied" not in p.health(), "the end of the warning", 30)
    p.work()
    p.wait_copied()
    tap.ok(min(p.copied()) > max(p.copied(aside)) - 1, "what the place missed comes when it is there again")
    with open(aside, "a") as file:
        file.write(open(p.second).read())
    os.rename(aside, p.second)


def caught(p, name, change, by_folder=True):
    """change(ledger) must show: by the folder alone, or (with the control that it does not) by the second place."""
    ledger = Ledger(p, "one")
    change(ledger)
    alone, both = ledger.verify(), ledger.verify("--anchors", p.second)
    p.tap.ok(alone.returncode == (1 if by_folder else 0),
             "%s: %s" % (name, "shows" if by_folder else "control: the folder alone cannot show it"), alone)
    if not by_folder:
        p.tap.ok(both.returncode == 1, name + ": the second place shows it", both)
        p.tap.note(both.stdout.strip()[-160:])


def changes(p):
    def drop(at):
        def change(ledger):
            lines = ledger.lines()
            del lines[at]
            ledger.put(lines)
        return change

    def swap(ledger):
        lines = ledger.lines()
        lines[3], lines[4] = lines[4], lines[3]
        ledger.put(lines)

    def twice(ledger):
        lines = ledger.lines()
        ledger.put(lines[:5] + [lines[4]] + lines[5:])

    def word(ledger):
        lines = ledger.lines()
        lines[6] = lines[6].replace(b'"allow"', b'"deny" ') if b'"allow"' in lines[6] else lines[6].replace(b"e", b"3", 1)
        ledger.put(lines)

    def forged_end(ledger):
        lines = ledger.lines()
        lines[-1] = lines[-1].replace(b"guardfs stops", b"guardfs stopt")
        ledger.put(lines)

    def cut_lines(ledger):
        ledger.put(ledger.lines()[:-6])

    def chained_again(ledger):
        lines = ledger.lines()
        lines[6] = lines[6].replace(b"e", b"3", 1)
        ledger.put(ledger.chain_anew(lines))

    def no_anchor(ledger):
        lines = ledger.lines(".anchors")
        ledger.put(lines[:1] + [lines[1][:-20] + b"A" * 19 + b"\n"] + lines[2:], ".anchors")

    def cut_both(ledger):
        anchors = ledger.lines(".anchors")[:-2]
        last = int(anchors[-1].split()[0])
        ledger.put(anchors, ".anchors")
        ledger.put([line for line in ledger.lines() if int(re.search(rb'"sequence":(\d+)', line).group(1)) <= last])

    def made_anew(ledger):
        lines = ledger.lines()
        ledger.put(ledger.chain_anew([line.replace(b"odbcguard", b"odbcgu4rd") for line in lines]))
        ledger.sign_anew()

    for name, change in (("a line is gone", drop(5)), ("the last line is gone", drop(-1)),
                         ("the first line is gone", drop(0)), ("two lines change places", swap),
                         ("a line is there twice", twice), ("a word is changed", word),
                         ("the last line is changed", forged_end), ("the end is cut off", cut_lines),
                         ("a line is changed and all after it chained again", chained_again),
                         ("a signature is changed", no_anchor)):
        if name != "the first line is gone":
            caught(p, name, change)
    ledger = Ledger(p, "one")
    drop(0)(ledger)
    p.tap.like(ledger.verify().stdout, "no record here says that they were retired", "a first line that is gone is told")
    caught(p, "lines are cut off with their anchors", cut_both, by_folder=False)
    caught(p, "all of it is made anew with another key", made_anew, by_folder=False)
    key = p.rig.path("anchor.pub.pem")
    shutil.copy(os.path.join(p.rig.state, "audit/anchor.pub.pem"), key)
    ledger = Ledger(p, "one")
    made_anew(ledger)
    p.tap.is_(ledger.verify("--key", key).returncode, 1, "and so does a copy of the public key")
    p.tap.is_(Ledger(p, "one").verify("--key", key, "--anchors", p.second).returncode, 0, "what is whole is good by both")


def flips(p):
    """A bit of any byte of lines and anchors."""
    seed = int(os.environ.get("OG_SEED", "0")) or int(time.time())
    n = int(os.environ.get("OG_FLIPS", "200"))
    chance = random.Random(seed)
    missed = []
    ledger = Ledger(p, "flip")
    for i in range(n):
        path = ledger.path(".jsonl" if i % 3 else ".anchors")
        with open(path, "r+b") as file:
            text = file.read()
            at = chance.randrange(len(text))
            changed = bytes([text[at] ^ 1 << chance.randrange(8)])
            file.seek(at)
            file.write(changed)
            file.flush()
            if ledger.verify().returncode != 1:
                missed.append((path, at, changed))
            file.seek(at)
            file.write(text[at:at + 1])
    p.tap.note("OG_SEED=%d" % seed)
    p.tap.is_(missed, [], "each of %d changes of one bit shows" % n)
    p.tap.is_(ledger.verify().returncode, 0, "and with the last one taken back it is good")


def restored(p):
    """An old state folder put back, and work going on from there."""
    old = p.rig.path("state-of-yesterday")
    p.rig.stop()
    shutil.copytree(p.rig.state, old)
    p.rig.start()
    p.work(5)
    p.wait_copied()
    p.rig.stop()
    newer = p.rig.path("state-newer")
    os.rename(p.rig.state, newer)
    shutil.copytree(old, p.rig.state)
    second = p.second + ".kept"
    shutil.copy(p.second, second)
    p.rig.start()
    p.work(30)
    p.wait_copied()
    p.rig.stop()
    alone = p.rig.guardctl("verify", "--state", p.rig.state)
    both = p.rig.guardctl("verify", "--state", p.rig.state, "--anchors", p.second)
    p.tap.is_(alone.returncode, 0, "an old state folder is restored: control: the folder alone cannot show it")
    p.tap.ok(both.returncode == 1, "an old state folder is restored: the second place shows it", both)
    p.tap.note(both.stdout.strip()[-160:])
    shutil.rmtree(p.rig.state)
    os.rename(newer, p.rig.state)
    os.rename(second, p.second)


def retention(p):
    """Three days, two of them long ago; one more than the two that always stay."""
    tap, audit = p.tap, os.path.join(p.rig.state, "audit")

    def make_old(day):
        for suffix in (".jsonl", ".anchors"):
            names = [n for n in os.listdir(audit) if n.endswith(suffix) and n > "2020"]
            os.rename(os.path.join(audit, names[-1]), os.path.join(audit, day + suffix))

    make_old("2019-03-01")
    p.rig.start()
    p.work(5)
    p.rig.stop()
    make_old("2019-03-02")
    p.rig.start()
    p.work(5)
    tap.is_(p.rig.guardctl("verify", audit, "--anchors", p.second).returncode, 0, "three days hold together")
    p.rig.wait(lambda: not os.path.exists(os.path.join(audit, "2019-03-01.jsonl")), "the oldest day to go", 60)
    tap.ok(os.path.exists(os.path.join(audit, "2019-03-02.jsonl")), "the newest two days stay")
    tap.ok(not os.path.exists(os.path.join(audit, "2019-03-01.anchors")), "anchors go with their day")
    tap.ok(os.path.exists(os.path.join(p.rig.state, "reports/2019-03-01.json")), "its report was made first")
    good = p.rig.guardctl("verify", audit, "--anchors", p.second)
    tap.ok(good.returncode == 0 and "retired, as a record says" in good.stdout, "what is left verifies and says why", good)
    record = [r for r in p.rig.ledger() if r["unmapped"]["guard"].get("what") == "retired"]
    tap.ok(len(record) == 1 and "2019-03-01" in record[0]["message"], "the record names the day", record[:1])
    p.rig.stop()
    taken = Ledger(p, "taken")
    for suffix in (".jsonl", ".anchors"):
        os.unlink(taken.path(suffix, 0))
    tap.like(taken.verify().stdout, "no record here says that they were retired", "a day that somebody took is told apart")
    p.rig.start()
    tap.like(p.health(), "ok", "guardfs goes on")
    p.work(2)
    p.rig.stop()
    tap.is_(p.rig.guardctl("verify", audit, "--anchors", p.second).returncode, 0, "and its ledger is good")


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, "user: nobody\n")
    os.mkdir(the_rig.path("second"), 0o700)
    second, by_command = the_rig.path("second", "place.anchors"), the_rig.path("second", "command.anchors")
    the_rig.write("send", "#!/bin/sh\ncat >> '%s'\n" % by_command, 0o755)
    the_rig.write("config.yaml", "user: nobody\n" + rig.SHOP_CONFIG + "ledger: {anchors-file: %s, anchors-command: "
                  "[%s, now], keep-days: 400}\n" % (second, the_rig.path("send")))
    the_rig.sqlite("tamper", rig.SHOP_SQL)
    os.chown(the_rig.folder, 65534, -1)  # guardfs makes its socket here under its own account
    the_rig.start()
    p = Place(tap, the_rig, second)
    second_place(p, by_command)
    the_rig.stop()
    the_rig.start()
    p.work(10)
    the_rig.stop()
    tap.is_(the_rig.guardctl("verify", "--state", the_rig.state, "--anchors", second).returncode, 0,
            "the last anchor of a stop is in the second place as well")
    changes(p)
    flips(p)
    restored(p)
    retention(p)
    tap.done()


main()
