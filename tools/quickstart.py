# SPDX-License-Identifier: MIT
"""The script of tools/quickstart: an ordinary pyodbc client that knows nothing of a guard."""
import json
import sys


def report(cursor, sql):
    print("  > " + sql)
    cursor.execute(sql)
    for row in cursor.fetchall():
        print("    " + ", ".join(str(value) for value in row))


def attempt(cursor, sql):
    import pyodbc
    print("  > " + sql)
    try:
        cursor.execute(sql)
        print("    done, %d row(s)" % cursor.rowcount)
        for _, text in cursor.messages:
            print("    warning: " + text.splitlines()[0])
    except pyodbc.Error as error:
        text = error.args[1] if len(error.args) > 1 else str(error)
        for line in text.splitlines():
            print("    " + line)


def ledger(path):
    for line in open(path):
        record = json.loads(line)
        guard = record["unmapped"]["guard"]
        if guard["record"] == "outcome" or "SQLGetTypeInfo" in record.get("message", ""):
            continue
        print("  %5d  %-8s %-9s %s" % (record["metadata"]["sequence"], guard["record"],
                                       guard.get("verdict", guard.get("what", "")),
                                       record.get("message", "")[:90]))


def session(path):
    """The session whose write waited first."""
    for line in open(path):
        record = json.loads(line)
        if record["unmapped"]["guard"]["record"] == "request":
            return print(record["actor"]["session"]["uid"])


def main():
    dsn, what = sys.argv[1], sys.argv[2]
    if what == "ledger":
        return ledger(sys.argv[3])
    if what == "session":
        return session(sys.argv[3])
    import pyodbc
    wait = sys.argv[3] if len(sys.argv) > 3 else "20"
    connection = pyodbc.connect("DSN=%s;GuardApprovalTimeout=%s;GuardPurpose=quickstart" % (dsn, wait),
                                autocommit=True)
    cursor = connection.cursor()
    if what == "update":
        return attempt(cursor, "UPDATE payments SET status = 'paid'")
    report(cursor, "SELECT c.name, c.phone, o.total FROM customers c JOIN orders o ON o.customer_id = c.id")
    attempt(cursor, "SELECT id FROM customers WHERE email = 'annika.lund@example.com'")
    attempt(cursor, "DROP TABLE customers")


main()
