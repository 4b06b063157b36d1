#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes schema.tbl from a clone of the OCSF schema (github.com/ocsf/ocsf-schema): what class 6005 and the objects in
our records may hold. Only names, types and numbers; only attributes that are required or that our records have.
usage: make_table.py CLONE COMMIT < SOME-LEDGER.jsonl > schema.tbl"""
import json
import subprocess
import sys

CLONE, COMMIT = sys.argv[1:]
CLASS = "datastore_activity"


def load(path):
    done = subprocess.run(["git", "-C", CLONE, "show", "%s:%s" % (COMMIT, path)], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


NAMES = subprocess.run(["git", "-C", CLONE, "ls-tree", "-r", "--name-only", COMMIT], capture_output=True,
                       text=True, check=True).stdout.split()
DICTIONARY = load("dictionary.json")["attributes"]
OBJECTS, EVENTS = {}, {}
for path in NAMES:
    if path.startswith(("objects/", "events/")) and path.endswith(".json"):
        item = load(path)
        (OBJECTS if path.startswith("objects/") else EVENTS)[item.get("name") or item["extends"]] = item


def merge(into, attributes, profile=None):
    includes = attributes.get("$include", [])
    for path in [includes] if isinstance(includes, str) else includes:
        included = load(path)
        merge(into, included["attributes"], included["name"] if included.get("meta") == "profile" else profile)
    for name, more in attributes.items():
        if name == "$include":
            continue
        known = into.setdefault(name, {"profile": profile})
        enum = {**known.get("enum", {}), **more.get("enum", {})}
        known.update({k: v for k, v in more.items() if k in ("requirement", "type", "is_array", "profile")})
        if enum:
            known["enum"] = enum


def resolve(name, kinds):
    chain, attributes, constraints = [], {}, {}
    while name in kinds:
        chain.append(kinds[name])
        name = kinds[name].get("extends")
    for item in reversed(chain):
        merge(attributes, item.get("attributes", {}))
        constraints.update(item.get("constraints", {}))
    for name, attribute in attributes.items():
        base = DICTIONARY[name]
        attribute.setdefault("type", base["type"])
        attribute.setdefault("is_array", base.get("is_array", False))
        attribute["enum"] = {**base.get("enum", {}), **attribute.get("enum", {})}
    return attributes, constraints


WANTED, SEEN = {}, {}


def look(kind, value):
    """Which attributes of which objects the records have."""
    attributes, constraints = SEEN.setdefault(kind, resolve(kind, EVENTS if kind == CLASS else OBJECTS))
    wanted = WANTED.setdefault(kind, set())
    wanted.update(name for name, a in attributes.items() if a.get("requirement") == "required")
    for name, part in value.items():
        wanted.add(name)
        if name not in attributes or attributes[name]["type"] == "object":
            continue
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, dict) and attributes[name]["type"] in OBJECTS:
                look(attributes[name]["type"], one)


for line in sys.stdin:
    look(CLASS, json.loads(line))
print("# Facts of OCSF %s, class %s (github.com/ocsf/ocsf-schema %s), made by make_table.py." % (
    load("version.json")["version"], CLASS, COMMIT[:12]))
print("# object | attribute | type | requirement | profile | number=caption, ...")
for kind in sorted(WANTED):
    attributes, constraints = SEEN[kind]
    for how, names in sorted(constraints.items()):
        print("%s | * | %s | | | %s" % (kind, how, " ".join(names)))
    for name in sorted(WANTED[kind]):
        base = name[:-3] if name.endswith("_dt") else None
        if name in attributes:
            a = attributes[name]
            if kind == CLASS and name in ("category_uid", "class_uid", "type_uid"):
                a["enum"] = {}  # the class has one of each; run.py knows them
            print("%s | %s | %s%s | %s | %s | %s" % (
                kind, name, a["type"], "[]" if a["is_array"] else "", a.get("requirement", "optional"),
                a.get("profile") or "", ", ".join("%s=%s" % (n, e["caption"]) for n, e in a["enum"].items())))
        elif base in attributes and attributes[base]["type"] == "timestamp_t":
            print("%s | %s | datetime_t | optional | datetime | " % (kind, name))
        else:
            print("# UNKNOWN %s.%s" % (kind, name))
