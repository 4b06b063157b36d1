#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every kind of record of the ledger against OCSF 1.8.0, class 6005: schema.tbl has the facts. Nothing unknown
outside of `unmapped`, nothing required missing, types, numbers and their captions, constraints. Control: each
fault that is planted is found. With files as arguments: checks these instead."""
import copy
import datetime
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "live"))

CLASS = "datastore_activity"
KINDS = {"integer_t": int, "long_t": int, "timestamp_t": int, "port_t": int, "boolean_t": bool, "float_t": float}


def read_table():
    attributes, constraints = {}, {}
    with open(os.path.join(HERE, "schema.tbl")) as file:
        for line in file:
            if line.startswith("#"):
                continue
            kind, name, what, requirement, profile, values = [part.strip() for part in line.split("|")]
            if name == "*":
                constraints.setdefault(kind, []).append((what, values.split()))
                continue
            enum = dict(pair.split("=", 1) for pair in values.split(", ")) if values else {}
            attributes.setdefault(kind, {})[name] = (what, requirement, profile, enum)
    return attributes, constraints


ATTRIBUTES, CONSTRAINTS = read_table()


def check_value(what, enum, value, path, profiles, faults):
    if what in ATTRIBUTES:
        if not isinstance(value, dict):
            faults.append("%s: no object" % path)
        else:
            check_object(what, value, path + ".", profiles, faults)
        return
    if what == "object":
        if not isinstance(value, dict):
            faults.append("%s: no object" % path)
        return
    if what.endswith("_t"):
        kind = KINDS.get(what, str)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            faults.append("%s: no %s" % (path, what))
        elif what == "datetime_t":
            try:
                datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                faults.append("%s: no time" % path)
        elif what == "ip_t" and not re.fullmatch(r"[0-9a-fA-F:.]+", value):
            faults.append("%s: no address" % path)
        elif enum and str(value) not in enum:
            faults.append("%s: %s is not in the enumeration" % (path, value))
    else:
        faults.append("%s: an object %s, which schema.tbl has not; make it anew" % (path, what))


def check_object(kind, value, path, profiles, faults):
    known = ATTRIBUTES[kind]
    for name, part in value.items():
        if name not in known:
            faults.append("%s%s: unknown" % (path, name))
            continue
        what, _, profile, enum = known[name]
        if profile and profile not in profiles:
            faults.append("%s%s: needs the profile %s" % (path, name, profile))
        if what.endswith("[]"):
            if not isinstance(part, list):
                faults.append("%s%s: no list" % (path, name))
                continue
            for one in part:
                check_value(what[:-2], enum, one, path + name, profiles, faults)
        else:
            check_value(what, enum, part, path + name, profiles, faults)
        caption = name[:-3] if name.endswith("_id") else {"activity_id": "activity_name"}.get(name)
        if name == "activity_id":
            caption = "activity_name"
        if enum and caption in value and str(part) != "99" and enum.get(str(part)) != value[caption]:
            faults.append("%s%s: %s is %s, not %s" % (path, name, part, enum.get(str(part)), value[caption]))
    for name, (_, requirement, profile, _) in known.items():
        if requirement == "required" and name not in value and (not profile or profile in profiles):
            faults.append("%s%s: missing" % (path, name))
    for how, names in CONSTRAINTS.get(kind, []):
        n = sum(name in value for name in names)
        if (how == "at_least_one" and not n) or (how == "just_one" and n != 1):
            faults.append("%s: %s of %s" % (path, how, ", ".join(names)))


def check(record):
    """Faults of one record."""
    faults = []
    profiles = record.get("metadata", {}).get("profiles", [])
    check_object(CLASS, record, "", profiles, faults)
    for name, wanted in (("category_uid", 6), ("class_uid", 6005),
                         ("type_uid", "6005%02d" % record["activity_id"] if isinstance(record.get("activity_id"), int) else 0)):
        if str(record.get(name)) != str(wanted):
            faults.append("%s: is not %s" % (name, wanted))
    if record.get("metadata", {}).get("version") != "1.8.0":
        faults.append("metadata.version: is not 1.8.0")
    return faults


# ---- faults that must be found ----

def drop(*path):
    def plant(record):
        at = record
        for part in path[:-1]:
            at = at[part]
        del at[path[-1]]
    return plant


def put(value, *path):
    def plant(record):
        at = record
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = value
    return plant


PLANTED = [
    ("a required attribute is missing", drop("severity_id")), ("an object is missing", drop("actor")),
    ("the product is missing", drop("metadata", "product")), ("the version is missing", drop("metadata", "version")),
    ("an unknown attribute", put(1, "rows")), ("an unknown attribute inside", put(1, "actor", "rows")),
    ("a number as text", put("4", "activity_id")), ("a text as number", put(4, "message")),
    ("a number that is not in its enumeration", put(77, "severity_id")), ("a caption of another number", put("Fatal", "severity")),
    ("another class", put(6004, "class_uid")), ("a type of another activity", put(600499, "type_uid")),
    ("a time that is none", put("yesterday", "time_dt")), ("a profile that is not said", put([], "metadata", "profiles")),
    ("an empty actor", put({}, "actor")), ("a list that is none", put("x", "metadata", "profiles")),
]


def records():
    """A ledger with every kind of record."""
    import rig
    client = ("import pyodbc, sys\n"
              "c = pyodbc.connect('DSN=ocsf-guarded;GuardApproval=fail;GuardApp=nightly;GuardPurpose=test;GuardTicket=T-1',"
              " autocommit=True)\n"
              "for sql in sys.argv[1:]:\n"
              "    try: c.execute(sql)\n"
              "    except pyodbc.Error as e: print(e.args[1])\n")
    the_rig = rig.Rig({"shop.yaml": rig.SHOP_POLICY + "writes: {undo: optional}\n"}, rig.SHOP_CONFIG)
    the_rig.sqlite("ocsf", rig.SHOP_SQL)
    the_rig.start()

    def run(uid, *sql):
        return the_rig.as_uid(uid, [sys.executable, "-c", client, *sql]).stdout

    def shell(command):
        return the_rig.as_uid(rig.APPROVER_UID, ["sh", "-c", "cd '%s' && %s" % (the_rig.mount, command)])

    said = run(rig.REQUESTER_UID, "SELECT id, email FROM customers", "SELECT count(*) FROM orders", "DROP TABLE orders",
               "SELECT 1 +", "UPDATE orders SET total = 1 WHERE id = 1", "INSERT INTO orders VALUES (50, 1, '2026-01-01', 1)",
               "DELETE FROM orders WHERE id = 50", "SELECT id FROM customers WHERE email = 'x'", "CREATE TABLE t (a INTEGER)",
               "UPDATE payments SET status = 'x' WHERE id = 1", "UPDATE payments SET status = 'y' WHERE id = 2",
               "SELECT * FROM nowhere", "INSERT INTO orders VALUES (1, 1, '2026-01-01', 1)")
    requests = re.findall(r"request=(r-[0-9A-Z]+)", said)
    shell("sed -i 's/^decision: pending/decision: approve/' approvals/pending/%s.yaml" % requests[0])
    shell("sed -i 's/^decision: pending/decision: deny/; s/^reason:/reason: no/' approvals/pending/%s.yaml" % requests[1])
    shell("sed -i 's/^decision: pending/decision: maybe/' approvals/pending/%s.yaml" % requests[0])
    run(rig.REQUESTER_UID, "UPDATE payments SET status = 'x' WHERE id = 1", "UPDATE payments SET status = 'y' WHERE id = 2")
    shell("cat audit/current.jsonl > /dev/null; sed -i 's/runbook/handbook/' policies/edit/shop.yaml; echo why > policies/edit/.commit")
    shell("echo reload > ctl; echo kill s-0000000000 > ctl")
    the_rig.stop()
    the_rig.start()
    run(rig.OTHER_UID, "SELECT 1")
    the_rig.stop()
    out = []
    audit = os.path.join(the_rig.state, "audit")
    for name in sorted(os.listdir(audit)):
        if name.endswith(".jsonl"):
            with open(os.path.join(audit, name)) as file:
                out += file.read().splitlines()
    return the_rig, out


def main():
    if sys.argv[1:] and sys.argv[1] != "--print":
        n = bad = 0
        for path in sys.argv[1:]:
            with open(path) as file:
                for n, line in enumerate(file, 1):
                    for fault in check(json.loads(line)):
                        bad += 1
                        print("%s:%d: %s" % (path, n, fault))
        print("%d lines, %d faults" % (n, bad))
        sys.exit(1 if bad else 0)
    import rig
    rig.need_root()
    tap = rig.Tap()
    the_rig, lines = records()
    if sys.argv[1:]:
        print("\n".join(lines))
        sys.exit(0)
    kinds, faults = {}, {}
    for line in lines:
        record = json.loads(line)
        guard = record["unmapped"]["guard"]
        kinds.setdefault((guard["record"], guard.get("what", guard.get("verdict", ""))), record)
        for fault in check(record):
            faults.setdefault(fault, record)
    tap.note("%d records of %d kinds: %s" % (len(lines), len(kinds), sorted(kinds)))
    tap.ok(len(kinds) >= 15, "every kind of record is there", sorted(kinds))
    tap.ok(not faults, "all are valid OCSF 1.8.0, class 6005", "\n".join(sorted(faults)[:20]))
    if faults:
        tap.note(json.dumps(next(iter(faults.values())))[:2000])
    good = next(r for (kind, _), r in kinds.items() if kind == "outcome")
    for name, plant in PLANTED:
        bad = copy.deepcopy(good)
        plant(bad)
        tap.ok(check(bad), "control: %s is found" % name)
    tap.done()


if __name__ == "__main__":
    main()
