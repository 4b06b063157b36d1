#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guardctl's advice: explain, policy lint, suggest from an observed ledger, what-if over it; the draft loads,
and what it would change is what it says."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

OBSERVE = """
policy: look
applies-to: {principals: ["*"], targets: ["*"]}
mode: observe
data-mode: observe
rules:
  - id: read
    when: {effect: select}
    then: allow
"""
LINT = """policy: lint
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: ["*.email"], class: email}
  - {columns: [customers.email], mask: fixed}
  - {columns: [customers.phon], class: phone, optional: yes}
  - {columns: ["*.nothing*"], class: secret, optional: yes}
rules:
  - {id: no-orders, when: {tables: [orders]}, then: deny}
  - {id: orders, when: {effect: select, tables: [orders]}, then: allow}
  - {id: ghosts, when: {effect: select, tables: [ghosts]}, then: allow}
  - {id: read, when: {effect: select}, then: allow}
"""
EXPLAIN = """policy: all
applies-to: {principals: ["*"], targets: ["*"]}
data:
  - {columns: [customers.email], class: email, lookup: {equality: yes, per-day: 5}}
rules:
  - {id: read, when: {effect: [select, update]}, then: allow}
  - {id: bulk, when: {effect: update, rows: "> 10"}, then: deny}
limits: {rows: {per-statement: 100}, runtime: 5s}
"""


TESTED = """
policy: tested
applies-to: {principals: ["*"], targets: ["*"]}
rules:
  - {id: no-drop, when: {effect: drop}, then: deny}
tests:
  schema: schema.sql
  dialect: sqlite
  cases:
    - {as: "user:ann", sql: "DROP TABLE payments", expect: deny no-drop}
"""


def control(the_rig, *arguments, **more):
    """guardctl without a connection to guardfs."""
    return the_rig.guardctl(*arguments, **more)


def main():
    tap = rig.Tap()
    rig.need_root()
    the_rig = rig.Rig({"look.yaml": OBSERVE}, rig.SHOP_CONFIG)
    database = the_rig.sqlite("shop", rig.SHOP_SQL)
    the_rig.start()
    cursor = pyodbc.connect("DSN=shop-guarded", autocommit=True).cursor()
    for _ in range(3):
        cursor.execute("SELECT id, email FROM customers WHERE country = 'DE'").fetchall()
    cursor.execute("UPDATE payments SET status = 'paid' WHERE id = 1")
    cursor.execute("SELECT max(email) FROM customers").fetchall()
    cursor.execute("CREATE TABLE scratch (a INTEGER)")
    cursor.connection.close()
    the_rig.stop()
    state = the_rig.state

    draft = control(the_rig, "suggest", "--from-ledger", "--state", state, "--name", "shop")
    tap.is_(draft.returncode, 0, "suggest writes a draft")
    for part in ("policy: shop", "effect: select, tables: ['main.customers', 'main.payments']", "effect: update, tables: ['main.payments']",
                 "then: approve", "columns: ['main.customers.email'], class: email", "effect: create",
                 "principals: ['uid:0']", "targets: ['shop']"):
        tap.like(draft.stdout, part, "the draft says " + part)
    os.mkdir(the_rig.path("draft"))
    the_rig.write("draft/shop.yaml", draft.stdout)
    done = control(the_rig, "policy", "test", the_rig.path("draft"))
    tap.is_(done.returncode, 0, "the draft loads as it is")
    the_rig.write("draft/schema.sql", "CREATE TABLE payments (id INTEGER PRIMARY KEY);\n")
    the_rig.write("draft/tested", TESTED)
    for path, cwd in ((the_rig.path("draft", "tested"), "/"), ("tested", the_rig.path("draft"))):
        done = control(the_rig, "policy", "test", path, cwd=cwd)
        tap.ok(done.returncode == 0 and "1 passed, 0 failed" in done.stdout,
               "one file is tested by itself, with the schema beside it: %s" % os.path.basename(cwd),
               done.stdout + done.stderr)
    the_rig.write("draft/tested", TESTED.replace("expect: deny no-drop", "expect: allow"))
    done = control(the_rig, "policy", "test", the_rig.path("draft", "tested"))
    tap.ok(done.returncode == 1 and "0 passed, 1 failed" in done.stdout, "and fails where it says otherwise",
           done.stdout + done.stderr)
    done = control(the_rig, "policy", "test", the_rig.path("draft", "none.yaml"))
    tap.ok(done.returncode == 2 and "No such file" in done.stderr, "a path that is not there is told", done.stderr)
    empty = control(the_rig, "suggest", "--state", state, "--principal", "nobody")
    tap.ok(empty.returncode == 2 and "observe" in empty.stderr, "suggest for nobody says what to do", empty.stderr)

    what = control(the_rig, "policy", "what-if", "--state", state, "--json", the_rig.path("draft"))
    found = json.loads(what.stdout)
    changes = {(c["statement"].split()[0], c["before"], c["after"]): c for c in found["changes"]}
    tap.is_(what.returncode, 1, "what-if leaves with 1 where verdicts would change")
    tap.ok(("UPDATE", "allow", "approve") in changes, "the update would need an approval", found)
    tap.ok(any(k[0] == "CREATE" and k[2] == "deny" for k in changes), "the table would not be made", found)
    tap.ok(("SELECT", "allow", "deny") in changes and
           changes[("SELECT", "allow", "deny")]["statements"] == 1,
           "only the read that uses the masked column would be denied", found)
    same = control(the_rig, "policy", "what-if", "--ledger", os.path.join(state, "audit"), the_rig.path("policies"))
    tap.ok(same.returncode == 0 and " 0 would change" in same.stdout, "the set that was in force changes nothing",
           same.stdout + same.stderr)
    tap.is_(control(the_rig, "policy", "what-if", the_rig.path("draft")).returncode, 2, "what-if needs a ledger")

    os.mkdir(the_rig.path("lint"))
    the_rig.write("lint/lint.yaml", LINT)
    lint = control(the_rig, "policy", "lint", "--dsn", "shop-guarded", the_rig.path("lint"))
    tap.is_(lint.returncode, 1, "lint leaves with 1 where it found something")
    for part in ("lint.yaml:10: rule lint/orders never decides: lint/no-orders denies", "names the table ghosts",
                 "customers.phon is no column", "*.nothing* is no column", "customers.email has the mask partial"):
        tap.like(lint.stdout, part, "lint finds: " + part)
    tap.ok("no-orders names" not in lint.stdout and "lint/read" not in lint.stdout, "and nothing in what is right", lint.stdout)
    static = control(the_rig, "policy", "lint", the_rig.path("lint"))
    tap.ok("never decides" in static.stdout and "ghosts" not in static.stdout, "without a target it says what the set tells")
    for name in ("default", "agents"):
        clean = control(the_rig, "policy", "lint", os.path.join(rig.SOURCE, "policies", name))
        tap.is_(clean.returncode, 0, "the shipped set %s is clean" % name)

    os.mkdir(the_rig.path("explain"))
    the_rig.write("explain/all.yaml", EXPLAIN)
    arguments = ["explain", "--as", "user:alice", "--dsn", "shop-guarded", "--policies", the_rig.path("explain")]
    text = control(the_rig, *arguments, "SELECT id, upper(name), email FROM customers WHERE email = 'a'").stdout
    for part in ("`- is main.customers.email, masked", "`- computed from main.customers.name", "once, for one exact value",
                 "looks main.customers.email up, of 5 lookups a day", "at most 100 rows (all)", "at most 5 s (all)",
                 "all/read"):
        tap.like(text, part, "explain shows " + part)
    text = control(the_rig, *arguments, "--json", "UPDATE payments SET status = 'x'").stdout
    tap.ok(json.loads(text)["counted"] and json.loads(text)["rows_bound"] == 10, "explain says what is counted", text)
    for command in (["policy", "lint"], ["policy", "what-if"], ["suggest"], ["explain"]):
        tap.is_(control(the_rig, *command, "--help").returncode, 0, " ".join(command) + " --help")
    tap.ok(os.path.exists(database) and subprocess.run(["sqlite3", database, "SELECT count(*) FROM payments"],
                                                       capture_output=True, text=True).stdout.strip() == "4",
           "nothing ran")
    tap.done()


main()
