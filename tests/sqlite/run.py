#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Honest statements over the shop (honest.txt), each through a guarded data source and directly: the
same rows, counts and database, masked cells apart. At most 0.5 % may be refused or differ."""
import os
import re
import shutil
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
import rig  # noqa: E402
import shop  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")

RULES = """  - id: dml
    when: {effect: [select, insert, update, delete, explain]}
    then: allow
"""


def run(dsn, sql):
    """Returns ("rows", rows), ("count", n) or ("error", text)."""
    connection = pyodbc.connect("DSN=" + dsn, autocommit=True, timeout=20)
    try:
        cursor = connection.cursor()
        cursor.execute(sql)
        if cursor.description:
            return ("rows", [tuple(row) for row in cursor.fetchall()])
        return ("count", cursor.rowcount)
    except pyodbc.Error as error:
        return ("error", str(error.args[-1]))
    finally:
        connection.close()


def state(database):
    with sqlite3.connect("file:%s?mode=ro" % database, uri=True) as db:
        return "\n".join(db.iterdump())


def lines(name):
    with open(os.path.join(HERE, name)) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                spec, _, sql = line.rstrip("\n").partition(" | ")
                yield spec.strip(), sql.strip()


def order_of(sql):
    """Rows without an ORDER BY of their own have none to compare."""
    top = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", sql)).upper()
    return "ORDER BY" in top and "RANDOM()" not in sql.upper()


def cell(kind, guarded, direct):
    if kind == "-":
        return guarded == direct
    if kind == "n":
        return guarded is None
    return guarded is None or (direct is not None and guarded != direct)


def compare(spec, sql, guarded, direct):
    if guarded[0] != direct[0]:
        return "%s for %s" % (guarded, direct[0])
    if guarded[0] == "error":
        return "neither ran: %s" % direct[1]
    if guarded[0] == "count":
        return "" if guarded == direct else "count %s for %s" % (guarded[1], direct[1])
    if len(guarded[1]) != len(direct[1]):
        return "%d rows for %d" % (len(guarded[1]), len(direct[1]))
    width = len(direct[1][0]) if direct[1] else 0
    kinds = "-" * width if spec == "*" else spec
    if width and len(kinds) != width:
        return "the line names %d columns of %d" % (len(kinds), width)
    clear = [i for i, kind in enumerate(kinds) if kind == "-"]
    ours, theirs = guarded[1], direct[1]
    if not order_of(sql):
        def key(row):
            return repr([row[i] for i in clear])
        ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    for g, d in zip(ours, theirs):
        for kind, a, b in zip(kinds, g, d):
            if not cell(kind, a, b):
                return "cell %r for %r" % (a, b)
    return ""


def main():
    rig.need_root()
    tap = rig.Tap()
    the_rig = rig.Rig({"shop.yaml": shop.policy(RULES)})
    with open(os.path.join(HERE, "shop.sql")) as file:
        ddl = file.read() + shop.rows()
    guarded = the_rig.sqlite("shop_g", ddl)
    direct = the_rig.sqlite("shop_d", ddl)
    good = guarded + ".good"
    shutil.copy(guarded, good)
    the_rig.start()
    n = n_masked = n_bad = 0
    for spec, sql in lines("honest.txt"):
        n += 1
        n_masked += "m" in spec or "n" in spec
        ours, theirs = run("shop_g-guarded", sql), run("shop_d", sql)
        problem = compare(spec, sql, ours, theirs)
        if spec == "w":
            if not problem and state(guarded) != state(direct):
                problem = "the databases differ afterwards"
            shutil.copy(good, guarded)
            shutil.copy(good, direct)
        n_bad += bool(problem)
        tap.ok(not problem, sql[:110], problem)
    tap.note("%d honest statements, %d of them with masked columns, %d refused or different"
             % (n, n_masked, n_bad))
    tap.done()


main()
