#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 of guardfs at random moments while requests are asked for and answered under clients that wait. Afterwards
whatever ran by an approval has that approval in the ledger before its own record, every request that counts as
approved has one as well, nothing ran without, the chain verifies, and what was still pending can be answered.
In a test build that answers without a record (--enable-planted-fault=answer-record) it fails.
OG_ROUNDS: kills (12), OG_SEED."""
import hashlib
import hmac
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

ROUNDS = int(os.environ.get("OG_ROUNDS", "12"))
SEED = int(os.environ.get("OG_SEED", "7"))
CLIENTS = 3
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: ask
    when: {effect: [insert]}
    then: approve
    by: {group: dba, within: 30m}
"""
STATEMENT = "INSERT INTO jobs VALUES (%d)"
CLIENT = """
import pyodbc, sys
for number in range(int(sys.argv[1]), int(sys.argv[1]) + 1000000):
    try:
        c = pyodbc.connect("DSN=lite-guarded;GuardApprovalTimeout=20", autocommit=True)
        c.cursor().execute("INSERT INTO jobs VALUES (%d)" % number)
    except pyodbc.Error as error:
        if "(71006)" not in str(error) and "(71002)" not in str(error) and "(71003)" not in str(error):
            print(number, error, flush=True)
"""


class Desk:
    """The approver's side: answers whatever waits, until it is told to stop."""

    def __init__(self, the_rig, chance):
        self.rig, self.chance, self.answered, self.done = the_rig, chance, 0, False
        self.folder = os.path.join(the_rig.mount, "approvals", "pending")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def answer(self, name):
        how = self.chance.choice(("approve", "approve", "deny"))
        path = os.path.join(self.folder, name)
        edit = "s/^decision: pending/decision: %s/; s/^reason:.*/reason: seen/" % how
        if self.chance.random() < 0.5:
            command = ["sed", "-i", edit, path]
        else:
            command = ["sh", "-c", "t=$(sed '%s' '%s') && printf '%%s\\n' \"$t\" > '%s'" % (edit, path, path)]
        self.answered += self.rig.as_uid(rig.APPROVER_UID, command, timeout=20).returncode == 0

    def run(self):
        while not self.done:
            try:
                for name in sorted(n for n in os.listdir(self.folder) if n.startswith("r-")):
                    self.answer(name)
            except (OSError, subprocess.TimeoutExpired):
                pass
            time.sleep(0.002)

    def end(self):
        self.done = True
        self.thread.join()


def digest_of(key, sql):
    """As the ledger has a statement's exact text."""
    return hmac.new(key, hashlib.sha256(sql.encode()).digest(), hashlib.sha256).hexdigest()


def rows(database):
    text = subprocess.run(["sqlite3", database, "SELECT id FROM jobs"], capture_output=True, text=True, check=True).stdout
    return {int(line) for line in text.split()}


def guard_of(record):
    return record["unmapped"]["guard"]


def look(tap, the_rig, grants_of):
    """What the ledger says of everything that ran."""
    approved, ran, early = {}, {}, []
    for record in the_rig.ledger():
        guard = guard_of(record)
        sequence = record["metadata"]["sequence"]
        if guard.get("record") == "answer" and guard.get("what") == "approved":
            approved.setdefault(guard["request"], sequence)
        if guard.get("record") == "intent" and guard.get("grant"):
            ran.setdefault(guard["grant"], []).append(guard["text_hmac"])
            if guard["grant"] not in approved:
                early.append(guard["grant"])
    tap.is_(early, [], "no statement ran by an approval that the ledger did not have before")
    twice = [grant for grant, all_of in ran.items() if len(all_of) > 1]
    tap.is_(twice, [], "no approval was used twice")
    lost = [request for request, state in grants_of.items() if state in ("approved", "spent") and request not in approved]
    tap.is_(lost, [], "every request that counts as approved has its answer in the ledger")
    return approved, ran


def states(the_rig):
    folder = os.path.join(the_rig.mount, "approvals", "requests")
    return {name: the_rig.read("approvals", "requests", name, "status").split()[0] for name in os.listdir(folder)}


def main():
    rig.need_root()
    tap, chance = rig.Tap(), random.Random(SEED)
    the_rig = rig.Rig({"shop.yaml": POLICY}, rig.SHOP_CONFIG)
    database = the_rig.sqlite("lite", "CREATE TABLE jobs (id INTEGER PRIMARY KEY);")
    the_rig.start()
    clients = [subprocess.Popen(["/usr/bin/python3", "-c", CLIENT, str(n * 1000000)], stdout=subprocess.PIPE, text=True)
               for n in range(1, CLIENTS + 1)]
    desk = Desk(the_rig, chance)
    bad = []
    for _ in range(ROUNDS):
        before = desk.answered
        the_rig.wait(lambda: desk.answered > before + chance.randint(1, 4), "answers", 60)
        time.sleep(chance.random() * 0.03)
        the_rig.kill_daemon()
        subprocess.run(["umount", "-l", the_rig.mount], stderr=subprocess.DEVNULL)
        verified = the_rig.guardctl("verify", "--state", the_rig.state)
        if verified.returncode:
            bad.append(verified.stdout + verified.stderr)
        the_rig.start()
    desk.end()
    for client in clients:
        client.kill()
    said = [line for client in clients for line in client.stdout.read().splitlines() if line]
    tap.is_(bad, [], "%d kills: the chain verifies after each" % ROUNDS)
    tap.is_(said[:3], [], "clients met no errors but guardfs' own")
    _, ran = look(tap, the_rig, states(the_rig))
    there = rows(database)
    known = {digest for digests in ran.values() for digest in digests}
    key = open(os.path.join(the_rig.state, "keys", "text.key"), "rb").read()
    tap.is_([n for n in sorted(there) if digest_of(key, STATEMENT % n) not in known][:5], [],
            "every row has the record of the approval that made it")
    tap.ok(there, "rows were made meanwhile")
    tap.note("%d kills, %d answers, %d rows" % (ROUNDS, desk.answered, len(there)))
    after(tap, the_rig)
    the_rig.close()
    tap.done()


def after(tap, the_rig):
    """All that is still pending can be answered."""
    folder = os.path.join(the_rig.mount, "approvals", "pending")
    for name in [n for n in os.listdir(folder) if n.startswith("r-")]:
        the_rig.as_uid(rig.APPROVER_UID, ["sed", "-i", "s/^decision: pending/decision: deny/; s/^reason:.*/reason: end/",
                                          os.path.join(folder, name)])
    tap.is_([n for n in os.listdir(folder) if n.startswith("r-")], [], "what is still pending can be answered")


main()
