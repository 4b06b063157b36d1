# SPDX-License-Identifier: MIT
"""What tests of approvals share: one engine's guarded and direct ways in, the requests that writes leave, and
their approver."""
import os

import pyodbc

import rig


class Shop:
    """One engine's guarded and direct ways in."""

    def __init__(self, tap, the_rig, engine, dsn):
        self.tap, self.rig, self.engine, self.dsn = tap, the_rig, engine, dsn
        self.direct = pyodbc.connect("DSN=" + dsn, autocommit=True)

    def guarded(self, more=";GuardApproval=fail", autocommit=True):
        return pyodbc.connect("DSN=%s-guarded%s" % (self.dsn, more), autocommit=autocommit)

    def one(self, sql):
        value = self.direct.cursor().execute(sql).fetchone()[0]
        return int(value) if str(value).lstrip("-").isdigit() else value

    def write(self, sql):
        self.direct.cursor().execute(sql)

    def name(self, text):
        return self.engine + ": " + text

    def schema(self):
        return "main" if self.engine == "SQLite" else "public"

    def pending(self):
        return {n for n in os.listdir(os.path.join(self.rig.mount, "approvals/pending"))
                if n.startswith("r-")}

    def path(self, name):
        return os.path.join(self.rig.mount, "approvals/pending", name)

    def request(self, run):
        """Runs what is to be refused with a new request. Returns its name, text and the error."""
        before = self.pending()
        try:
            run()
            return None, "", "it ran"
        except pyodbc.Error as error:
            new = self.pending() - before
            name = new.pop() if new else None
            text = open(self.path(name)).read() if name else ""
            return name, text, "%s %s" % (error.args[0], error.args[1])

    def answer(self, name, how="s/^decision: pending/decision: approve/; s/^reason:/reason: fine/"):
        done = self.rig.as_uid(rig.APPROVER_UID, ["sed", "-i", how, self.path(name)])
        if done.returncode:
            raise RuntimeError("cannot answer: " + done.stderr)


def refused(shop, run, parts, name):
    try:
        run()
        return shop.tap.ok(False, shop.name(name), "it ran")
    except pyodbc.Error as error:
        text = "%s %s" % (error.args[0], error.args[1])
        return shop.tap.ok(all(p in text for p in parts), shop.name(name),
                           "got: %s\nwanted in it: %s" % (text, parts))
