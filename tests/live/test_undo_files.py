#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An undo set is taken back by one file copy where guardfs holds the target's credentials: a worker does it,
as whoever copied. What came of it stands in files: done, conflicts, a refusal by policy, a request for
approval. One engine at a time, each in a process of its own."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

DDL = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), email VARCHAR(60));
INSERT INTO people VALUES (1, 'Ann', 'ann@example.com'), (2, 'Bo', 'bo@example.com'), (3, 'Cay', 'c@example.com');
"""
POLICY = """
policy: shop
applies-to: {principals: ["*"], targets: ["*"]}
writes: {undo: required}
data:
  - columns: [people.email]
    class: email
    mask: partial
rules:
  - id: writers
    when: {effect: [select, insert, update, delete]}
    then: allow
"""
READERS = """
policy: readers
applies-to: {principals: ["user:rita"], targets: ["*"]}
rules:
  - id: only-read
    when: {effect: [insert, update, delete]}
    then: deny
    say: Rita reads.
"""
ASKERS = """
policy: askers
applies-to: {principals: ["user:asa"], targets: ["*"]}
rules:
  - id: ask
    when: {effect: [insert, update, delete]}
    then: approve
    by: {group: dba, count: 1, within: 5m}
"""
RITA, ASA = rig.OTHER_UID, rig.REQUESTER_UID
CONFIG = """
people: {dora: ["uid:%d"], rita: ["uid:%d"], asa: ["uid:%d"]}
groups: {dba: [user:dora]}
roles: {admin: [group:dba], approver: [group:dba], auditor: [user:rita, user:asa]}
""" % (rig.APPROVER_UID, RITA, ASA)


class Story:
    def __init__(self, tap, the_rig, name, look):
        self.tap, self.rig, self.name, self.look = tap, the_rig, name, look
        self.cursor = pyodbc.connect("DSN=shop-guarded", autocommit=True).cursor()
        self.start = look()

    def sets(self):
        return set(os.listdir(self.rig.path("mount", "undo")))

    def write(self, sql):
        seen = self.sets()
        self.cursor.execute(sql)
        return (self.sets() - seen).pop()

    def with_digit(self, sql):
        """A set whose id begins with a digit: as SQL its name would be no word."""
        while True:
            undo = self.write(sql)
            if undo[2].isdigit():
                return undo
            self.copy(undo)
            self.wait(undo)

    def read(self, undo, name):
        return self.rig.read("undo", undo, name)

    def copy(self, undo, uid=None, pick=None):
        """Copies undo.sql, or lines of it, over apply. Returns: the command's outcome."""
        lines = self.read(undo, "undo.sql")
        if pick:
            lines = "".join(line + "\n" for line in lines.splitlines() if pick in line)
        self.rig.write("copied.sql", lines)
        command = ["cp", self.rig.path("copied.sql"), self.rig.path("mount", "undo", undo, "apply")]
        return self.rig.as_uid(uid, command) if uid else subprocess.run(command, capture_output=True, text=True)

    def wait(self, undo):
        self.rig.wait(lambda: "being taken back now" not in self.read(undo, "conflicts"), "an outcome")
        return self.read(undo, "conflicts")

    def state(self, undo):
        return self.read(undo, "summary").split("state: ")[1].split()[0]

    def is_start(self, name):
        self.tap.is_(self.look(), self.start, self.name + ": " + name)

    def run(self):
        tap, name = self.tap, self.name
        undo = self.write("UPDATE people SET name = 'all'")
        tap.like(self.read(undo, "apply"), "copy undo.sql here", name + ": apply says how")
        copied = self.copy(undo)
        tap.is_(copied.returncode, 0, name + ": undo.sql is copied over apply")
        tap.like(self.wait(undo), "none: it was taken back", name + ": conflicts says that it was taken back")
        self.rig.wait(lambda: self.state(undo) == "undone", "undone")
        self.is_start("one copy brings the rows back")
        by = self.read(undo, "summary").split("taken-back-by: ")[1].split()[0]
        tap.like(self.read(by, "summary"), "takes-back: " + undo, name + ": which is an undo set itself")
        self.copy(undo)
        tap.like(self.wait(undo), "nothing to take back", name + ": a second copy has nothing to do")
        self.of_undo(by)
        self.conflicts()
        self.others()
        self.in_the_ledger(undo)

    def of_undo(self, by):
        self.copy(by)
        self.wait(by)
        self.tap.is_({row[1] for row in self.look()}, {"all"}, self.name + ": the undo is undone by a copy as well")
        again = self.read(by, "summary").split("taken-back-by: ")[1].split()[0]
        self.copy(again)
        self.wait(again)
        self.is_start("and that one too")

    def conflicts(self):
        undo = self.write("UPDATE people SET name = name || '!'")
        later = self.write("UPDATE people SET name = 'later' WHERE id = 2")
        self.copy(undo)
        self.tap.like(self.wait(undo), '"id" = 2: the row was changed since',
                      self.name + ": a conflict is told with its key")
        self.tap.is_(len({row[1] for row in self.look()} & {"Ann!", "later", "Cay!"}), 3,
                     self.name + ": and nothing was changed")
        self.copy(undo, pick='"id" = 1')
        self.wait(undo)
        self.tap.is_(self.state(undo), "partly-undone", self.name + ": one line takes back its row")
        self.tap.is_([row[1] for row in self.look()], ["Ann", "later", "Cay!"], self.name + ": and no other")
        self.copy(later)
        self.wait(later)
        self.copy(undo, pick='"id" = 2')
        self.wait(undo)
        self.copy(undo, pick='"id" = 3')
        self.wait(undo)
        self.is_start("the rest line by line")

    def others(self):
        tap, name = self.tap, self.name
        undo = self.with_digit("UPDATE people SET name = 'x' WHERE id = 3")
        bad = self.rig.as_uid(61009, ["ls", self.rig.path("mount", "undo", undo)])
        tap.ok(bad.returncode != 0, name + ": a set of others is not there")
        self.copy(undo, uid=RITA)
        told = self.wait(undo)
        tap.ok("was not taken back" in told and "Rita reads." in told,
               name + ": who may not write takes nothing back, and reads why", told)
        tap.is_(self.look()[2][1], "x", name + ": nothing was changed by that")
        self.copy(undo, uid=ASA)
        told = self.wait(undo)
        tap.like(told, "r-", name + ": who must ask reads of the request")
        request = "r-" + told.split("r-", 1)[1][:10]
        text = self.rig.read("approvals", "pending", request + ".yaml")
        tap.like(text, "\n  odbcguard undo " + undo + "\n", name + ": which says what would be taken back")
        self.rig.write("answer.yaml", text.replace("decision: pending", "decision: approve"))
        answered = self.rig.as_uid(rig.APPROVER_UID, [
            "cp", self.rig.path("answer.yaml"), self.rig.path("mount", "approvals", "pending", request + ".yaml")])
        tap.is_(answered.returncode, 0, name + ": the request is approved")
        other = self.with_digit("UPDATE people SET name = 'y' WHERE id = 2")
        self.copy(other, uid=ASA)
        told = self.wait(other)
        tap.ok("r-" in told and request not in told, name + ": the approval is for that set alone", told)
        self.copy(other)
        self.wait(other)
        self.copy(undo, uid=ASA)
        tap.like(self.wait(undo), "none: it was taken back", name + ": and the next copy takes it back")
        self.is_start("the start again")

    def in_the_ledger(self, undo):
        records = [record["unmapped"]["guard"] for record in self.rig.ledger()]
        whats = [record["what"] for record in records if record.get("undo") == undo]
        self.tap.is_(whats[:4], ["kept", "committed", "handed out", "undone"],
                     self.name + ": the ledger has the life of the set")
        self.tap.ok(any("UNDO" in str(record) for record in self.rig.ledger()),
                    self.name + ": and the statement that took it back", self.rig.ledger()[:3])


def run(tap, name):
    the_rig = rig.Rig({"shop.yaml": POLICY, "readers.yaml": READERS, "askers.yaml": ASKERS}, CONFIG)
    if name == "sqlite":
        path = the_rig.sqlite("shop", DDL)

        def look():
            text = subprocess.run(["sqlite3", path, "SELECT * FROM people ORDER BY id"], capture_output=True,
                                  text=True, check=True).stdout
            return [line.split("|") for line in text.splitlines()]
    else:
        the_rig.postgresql("shop", DDL)

        def look():
            text = the_rig.psql("shop", "SELECT * FROM people ORDER BY id")
            return [line.split("|") for line in text.splitlines()]
    the_rig.hold("shop")
    the_rig.start()
    Story(tap, the_rig, name, look).run()
    the_rig.close()


if __name__ == "__main__":
    rig.need_root()
    rig.each_alone(run, ["sqlite", "postgresql"])
