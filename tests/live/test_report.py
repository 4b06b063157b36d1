#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guardctl report over a ledger whose content is known: figures, forms, hostile names, a ledger that does not
verify."""
import csv
import datetime
import html.parser
import io
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

HOSTILE = '=1+1|<script>alert(1)</script>'


def statements():
    connection = pyodbc.connect("DSN=report-guarded;GuardApproval=fail", autocommit=True)
    cursor = connection.cursor()
    for _ in range(7):
        cursor.execute("SELECT id, email FROM customers").fetchall()
    for sql in ("SELECT count(*) FROM orders", "UPDATE orders SET total = total WHERE id <= 3"):
        cursor.execute(sql)
        if cursor.description:
            cursor.fetchall()
    for sql in ("DROP TABLE orders", "DROP TABLE payments", "UPDATE payments SET amount = 0",
                'SELECT id AS "%s" FROM customers WHERE email = \'a\'' % HOSTILE, 'DROP TABLE "%s"' % HOSTILE):
        try:
            cursor.execute(sql)
        except pyodbc.Error:
            pass
    connection.close()


class Tables(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def figures(tap, the_rig):
    result = the_rig.guardctl("report", "--state", the_rig.state, "--json")
    tap.is_(result.returncode, 0, "a report is made")
    report = json.loads(result.stdout)
    tap.ok(report["verified"] and report["faults"] == 0, "it says that the ledger verifies", report["verification"])
    touched = {(t["effect"], t["object"].split(".")[-1].split(" ")[-1]): t for t in report["touched"]}
    read = touched[("select", "customers")]
    tap.is_((read["statements"], read["rows"], read["failed"]), (7, 28, 0), "seven reads of customers, 28 rows")
    write = touched[("update", "orders")]
    tap.is_((write["statements"], write["rows"]), (1, 3), "one write to orders, three rows")
    masked = {m["column"].split(".")[-1]: m["statements"] for m in report["masked"]}
    tap.is_(masked.get("email"), 7, "seven masked reads of email")
    rules = {}
    for line in report["refused"]:
        rules[line["rule"]] = rules.get(line["rule"], 0) + line["statements"]
    tap.is_(rules.get("no-ddl"), 2 + ("DROP" in HOSTILE), "two DROPs refused by their rule")
    tap.is_([a["what"] for a in report["approvals"]], ["pending"], "one request")
    tap.is_([p["what"] for p in report["policy"]], ["loaded"], "one policy set came into force")
    tap.is_(sum(a["sessions"] for a in report["access"]), 1, "one session")
    tap.is_(report["unknown"], [], "every statement has an outcome")
    whole = the_rig.ledger()
    by_number = {r["metadata"]["sequence"]: r["unmapped"]["guard"]["record"] for r in whole}
    tap.ok(all(by_number[line["first_sequence"]] == "intent" for line in report["touched"] + report["refused"]),
           "lines name the records they come from")
    tap.ok(len(report["controls"]) >= 15 and all(c["beyond"] for c in report["controls"]),
           "each control says what it needs beyond this")


def forms(tap, the_rig):
    page = the_rig.guardctl("report", "--state", the_rig.state, "--format", "html").stdout
    parser = Tables()
    parser.feed(page)
    tap.ok("script" not in parser.tags and "table" in parser.tags, "HTML: text stays text", parser.tags[:40])
    tap.ok("http://" not in page and "https://" not in page and "src=" not in page, "HTML: no network")
    text = the_rig.guardctl("report", "--state", the_rig.state, "--format", "csv").stdout
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    tap.ok(not [c for c in cells if c[:1] in ("=", "+", "-", "@")], "CSV: no cell is a formula",
           [c for c in cells if c[:1] in ("=", "+", "-", "@")])
    text = the_rig.guardctl("report", "--state", the_rig.state).stdout
    rows = [line for line in text.splitlines() if line.startswith("|")]
    tap.ok(rows and "<script>" not in text, "Markdown: text stays text")
    for arguments, code in ((["--format", "pdf", "--state", the_rig.state], 2), ([], 2),
                            (["--state", the_rig.state, "--from", "yesterday"], 2),
                            (["--state", the_rig.state, "--from", "2001-01-01", "--to", "2001-01-02"], 2),
                            (["--state", "/nonexistent"], 2)):
        result = the_rig.guardctl("report", *arguments)
        tap.ok(result.returncode == code and result.stderr.startswith("guardctl:"), "refused: report " + " ".join(
            a for a in arguments if not a.startswith("/tmp")), (result.returncode, result.stderr))


def closed_day(tap, the_rig):
    """A day that is over gets its reports by itself."""
    audit = os.path.join(the_rig.state, "audit")
    the_rig.stop()
    day = sorted(n for n in os.listdir(audit) if n.endswith(".jsonl"))[0][:10]
    before = (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
    for suffix in (".jsonl", ".anchors"):
        if os.path.exists(os.path.join(audit, day + suffix)):
            os.rename(os.path.join(audit, day + suffix), os.path.join(audit, before + suffix))
    the_rig.start()
    folder = os.path.join(the_rig.mount, "reports/daily")
    the_rig.wait(lambda: len(os.listdir(folder)) == 4, "the reports of a closed day", 60)
    tap.is_(sorted(os.listdir(folder)), sorted(before + s for s in (".csv", ".html", ".json", ".md")),
            "a closed day has its reports in the mount")
    report = json.loads(the_rig.read("reports/daily", before + ".json"))
    tap.is_(sum(t["rows"] for t in report["touched"] if t["effect"] == "select" and "customers" in t["object"]), 28,
            "with the same figures")
    tap.ok(the_rig.as_uid(rig.OTHER_UID, ["ls", folder]).returncode != 0, "they are for auditors")


def a_changed_ledger(tap, the_rig):
    the_rig.stop()
    path = os.path.join(the_rig.state, "audit",
                        sorted(n for n in os.listdir(os.path.join(the_rig.state, "audit")) if n.endswith(".jsonl"))[0])
    with open(path, "rb+") as file:
        text = file.read()
        at = text.index(b'"rows":28') if b'"rows":28' in text else text.index(b'"rows":4')
        file.seek(at + 7)
        file.write(b"9")
    result = the_rig.guardctl("report", "--state", the_rig.state, "--format", "html")
    tap.ok(result.returncode == 1 and "does not verify" in result.stdout,
           "a report over a changed ledger says so and exits with 1", result.returncode)


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY}, rig.SHOP_CONFIG)
    the_rig.sqlite("report", rig.SHOP_SQL)
    the_rig.start()
    statements()
    figures(tap, the_rig)
    forms(tap, the_rig)
    if os.environ.get("OG_REPORT_TO"):
        with open(os.environ["OG_REPORT_TO"], "w") as file:
            file.write(the_rig.guardctl("report", "--state", the_rig.state, "--format", "html").stdout)
    closed_day(tap, the_rig)
    a_changed_ledger(tap, the_rig)
    tap.done()


main()
