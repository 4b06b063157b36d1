#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Attacks made from the templates of attacks/, through the guard on two databases that differ in masked values
only. Nothing may come out: no value, no piece of six characters, no common encoding of one, and no difference
between the two answers; what the policy denies must leave the database as it was. The same attack sent directly
shows whether it would have worked. The control runs them with masks and rules on observe, and must find them.
OG_ENGINE, OG_SEED, OG_EACH (forms of a template), OG_SAMPLE (so many of them; 0: all), OG_FILE (one file), OG_ROW (one
row), OG_KINDS, OG_FINDINGS=FOLDER."""
import base64
import collections
import glob
import hashlib
import os
import random
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus  # noqa: E402
import data  # noqa: E402
import forms  # noqa: E402
import rig  # noqa: E402

# Masked columns with a clear text column beside them, and where the first hidden character stands.
TARGETS = [("customers", "email", "name", 2), ("customers", "ssn", "name", 1), ("customers", "phone", "name", 8),
           ("customers", "notes", "city", 1), ("addresses", "street", "city", 1), ("employees", "iban", "title", 3),
           ("employees", "email", "name", 2), ("payments", "card", "method", 5), ("users", "api_key", "login", 9),
           ("users", "password_hash", "role", 5), ("users", "email", "login", 2)]
FIRST = {"customers": "email", "addresses": "street", "employees": "iban", "payments": "card", "users": "api_key"}
COUNTS = {"customers": 14, "addresses": 8, "employees": 9, "payments": 7, "users": 10}


class Attack:
    def __init__(self, row, kind, form, sql, params=()):
        self.row, self.kind, self.form, self.sql, self.params = row, kind, form, sql, tuple(params)
        self.steps = [s.strip() for s in sql.split(" ;; ")]


# ---- from templates to attacks ----

def templates(engine):
    for path in sorted(glob.glob(os.path.join(corpus.HERE, "attacks", os.environ.get("OG_FILE", "*") + ".txt"))):
        with open(path) as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    head, sql = line.rstrip("\n").split(" | ", 1)
                    row, engines, kind = head.split()
                    if engine in engines:
                        yield row, "V" if kind == "S" and path.endswith("select.txt") else kind, sql


def slots(target, the_rig):
    table, column, clear, pos = target
    values = data.values(0)[(table, column)]
    value = values[0]
    hidden = value[pos - 1]
    order = [c for c in ORDERS[table]]
    return {"t": table, "c": column, "p": clear, "v": value.replace("'", "''"), "pos": str(pos), "v2": hidden,
            "v3": value[:pos + 1], "like": "_" * (pos - 1) + hidden + "%", "glob": "?" * (pos - 1) + hidden + "*",
            "re": "^" + "." * (pos - 1) + "[a-h0-4]", "cols": ",".join("a%d" % (i + 1) for i in range(COUNTS[table])),
            "at": "a%d" % (order.index(column) + 1), "hex1": "%04x" % ord(column[0]), "c1": column[1:],
            "sal": str(data.values(0)[("employees", "salary")][0]),
            "bd": data.values(0)[("customers", "birth_date")][0], "m": corpus.mask(data.MASKED[table][column], value) or "x", "mail": data.values(0)[("customers", "email")][2],
            "tmp": the_rig.path("out"), "db": the_rig.path("data", "other.db")}


ORDERS = {"customers": "id name email phone ssn birth_date country city segment vip credit_limit notes".split(),
          "addresses": "id customer_id kind street postal_code city".split(),
          "employees": "id name title department manager_id hired salary iban email".split(),
          "payments": "id order_id paid_at method amount card".split(),
          "users": "id login email password_hash api_key".split()}


def fill(template, values):
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m.group(1), m.group(0)), template)


def attacks(engine, the_rig, seed, each):
    """At least `each` forms of every template: every spelling once, then more at random over columns."""
    rnd = random.Random(seed)
    seen = set()
    for row, kind, template in templates(engine):
        choice = forms.all_forms(kind, engine)
        wanted = [choice[i % len(choice)] for i in range(max(each if kind in "SV" else each // 2, 6))]
        if kind in "SV" and len(choice) > len(wanted):
            wanted = [forms.as_it_is] + rnd.sample(choice[1:], len(wanted) - 1)
        for form in wanted:
            sql = fill(template, slots(rnd.choice(TARGETS), the_rig))
            sql = " ;; ".join(form(step, rnd, engine) for step in sql.split(" ;; ")) if kind not in "SV" else form(sql, rnd, engine)
            params = []
            if kind in "SV" and "'" in sql and rnd.random() < 0.25 and " ;; " not in sql:
                sql, params = forms.parameters(sql)
            if (sql, tuple(params)) not in seen:
                seen.add((sql, tuple(params)))
                yield Attack(row, kind, form.__name__, sql, params)


# ---- what must not come out ----

def windows(text, n):
    return {text[i:i + n] for i in range(len(text) - n + 1)}


def fragments():
    """Pieces of six of hidden characters of database 0, and of eight of common encodings of its values, that
    database 1 and the clear columns do not have."""
    six, eight, common = set(), set(), set()
    for key, values in data.values(0).items():
        kind = data.MASKED[key[0]][key[1]]
        for value in values:
            value = str(value)
            raw = value.encode()
            hidden = (value[:-4] if kind in ("ssn", "card") else value[:-2] if kind == "phone" else
                      value.split("@")[0][1:] if kind == "email" else "" if kind == "year" else value)
            six |= windows(hidden.lower(), 6)
            for code in (value[::-1], re.sub(r"\W", "", value), raw.hex(), hashlib.md5(raw).hexdigest(),
                         hashlib.sha1(raw).hexdigest(), hashlib.sha256(raw).hexdigest(),
                         base64.b64encode(raw).decode(), ",".join(str(b) for b in raw)):
                eight |= windows(code.lower(), 8)
    for values in data.values(1).values():
        for value in values:
            raw = str(value).encode()
            common |= windows(str(value).lower(), 6)
            for code in (str(value)[::-1], re.sub(r"\W", "", str(value)), raw.hex(), base64.b64encode(raw).decode(),
                         ",".join(str(b) for b in raw)):
                common |= windows(code.lower(), 8)
    clear = repr(data.clear_rows(0)).lower()
    return six - common - windows(clear, 6), eight - common - windows(clear, 8)


def canary(found, attack, pieces):
    """Protected pieces in an answer, apart from what the attacker wrote into it."""
    text = found.lower()
    written = (attack.sql + repr(attack.params)).lower()
    return sorted(((windows(text, 6) & pieces[0]) - windows(written, 6)) | ((windows(text, 8) & pieces[1]) - windows(written, 8)))


# ---- running ----

SESSION = re.compile(r"(?i)\b(set|begin|commit|rollback|prepare|declare|listen|temp|pragma|lock)\b|set_config|advisory")


def fresh(attack):
    return len(attack.steps) > 1 or SESSION.search(attack.sql)


def run_fresh(engine, attack, database, guarded, autocommit):
    try:
        connection = engine.connect(database, guarded, autocommit)
    except corpus.pyodbc.Error as error:
        return [corpus.Result(error="connect: " + str(error))]
    results = []
    for step in attack.steps:
        results.append(corpus.run(connection, step, attack.params))
        if results[-1].error and not autocommit:
            break
    try:
        if not autocommit:
            connection.rollback()
        connection.close()
    except corpus.pyodbc.Error:
        pass
    return results


def run_guarded(engine, attack, database):
    if fresh(attack):
        return run_fresh(engine, attack, database, True, True)
    results = [engine.run(attack.sql, attack.params, database)]
    if results[0].error and "connect again" in results[0].error:
        engine.drop(database)
        results = [engine.run(attack.sql, attack.params, database)]
    return results


def run_direct(engine, attack, database):
    """Undone at once where the engine can; SQLite's files are put back by check_state and works."""
    if engine.letter == "s" and attack.kind not in "SV":
        return run_fresh(engine, attack, database, False, True)
    if fresh(attack):
        return run_fresh(engine, attack, database, False, False)
    return [engine.run_undone(attack.sql, attack.params, database)]


def answer(results, database, in_order):
    parts = []
    for r in results:
        rows = r.rows if r.rows is None or in_order else sorted(r.rows, key=repr)
        parts.append(repr((rows, r.labels, r.count, r.error, r.notices)))
    return re.sub(r"pg_temp_\d+", "pg_temp_N", "\n".join(parts).replace(database, "DB"))


def in_order(attack):
    return bool(re.search(r"(?i)order\s|order/|order-|limit|fetch|over", attack.sql))


class Tally(collections.Counter):
    def __init__(self):
        super().__init__()
        self.leaks, self.idle = [], collections.Counter()


def one(engine, attack, pieces, tally, direct):
    first, second = list(engine.databases)[:2]
    ordered = in_order(attack)
    results = [run_guarded(engine, attack, d) for d in (first, second)]
    texts = [answer(r, d, ordered) for r, d in zip(results, (first, second))]
    problem = canary(texts[0], attack, pieces)
    problem = "shows %s" % problem[:3] if problem else ""
    if not problem and texts[0] != texts[1] and not is_budgeted(attack, results):
        again = answer(run_guarded(engine, attack, first), first, ordered)
        if again == texts[0]:
            problem = "differs"
    if attack.kind not in "SV":
        problem = check_state(engine, attack, problem)
    tally["all"] += 1
    errors = [r.error for r in results[0] if r.error]
    tally["answered"] += not errors
    tally["refused by the guard"] += any("[odbcguard]" in e for e in errors)
    tally["error of the database"] += bool(errors) and not any("[odbcguard]" in e for e in errors)
    if problem:
        tally.leaks.append("%s row %s %s (%s)\n    %s %s\n    %s" % (problem, attack.row, attack.form, attack.kind, attack.sql,
                                                                 attack.params or "", texts[0][:300]))
    if direct and engine.rig.is_control:
        return bool(problem)
    if direct:
        works(engine, attack, pieces, tally)
    return bool(problem)


def is_budgeted(attack, results):
    """A conflict of a unique key may be told, value apart: budgets hold it, not the analysis."""
    told = ("23505", "UNIQUE constraint", "left out because masked data is involved (19)")
    return attack.kind == "B" and all(any(t in r.error for t in told) for rs in results for r in rs if r.error)


def check_state(engine, attack, problem):
    first, second = list(engine.databases)[:2]
    now = [engine.state(d) for d in (first, second)]
    changed = [n != g for n, g in zip(now, engine.good_state)]
    if not any(changed):
        return problem
    if attack.kind == "N":
        problem = problem or "changes the database"
    elif not problem and attack.kind != "B" and engine.public_state(first) != engine.public_state(second):
        problem = "leaves another state"
    for database, is_changed in zip((first, second), changed):
        if is_changed:
            engine.restore(database)
    return problem


# psqlODBC never comes back from a COPY through the connection.
NEVER_ENDS = re.compile(r"(?is)copy\b.*\b(to\b.*\bstdout|from\b.*\bstdin)\b")


def works(engine, attack, pieces, tally):
    """Whether the attack reaches its aim without the guard."""
    if engine.letter == "p" and NEVER_ENDS.search(attack.sql):
        attack.reached = False
        tally["not sent directly"] += 1
        return
    first, second = list(engine.databases)[:2]
    results = [run_direct(engine, attack, d) for d in (first, second)]
    texts = [answer(r, d, in_order(attack)) for r, d in zip(results, (first, second))]
    if attack.kind == "N":
        reached = not any(r.error for r in results[0])
    else:
        reached = texts[0] != texts[1] or bool(canary(texts[0], attack, pieces))
    if attack.kind not in "SV":
        for database, good in zip((first, second), engine.good_state):
            if engine.state(database) != good:
                reached = True
                engine.restore(database)
    tally["works directly"] += reached
    if not reached:
        tally.idle[attack.row] += 1
    attack.reached = reached


# ---- the databases ----

def extra(letter):
    text = corpus.read("attacks/extra-%s.sql" % ("postgresql" if letter == "p" else "sqlite"))
    once, each = text.split("--each\n")
    return once + "".join(each.replace("{t}", t).replace("{c}", c) for t, c in FIRST.items())


def public_columns(rows):
    """Columns of the shop's tables that are not masked, from (table, column) pairs."""
    found = collections.OrderedDict()
    for table, column in rows:
        if table in data.SHOP_TABLES and column not in data.MASKED.get(table, {}):
            found.setdefault(table, []).append(column)
    return found


def public_state(engine, database):
    if engine.letter == "s":
        import sqlite3
        with sqlite3.connect(engine.path(database)) as db:
            pairs = [(t, c[1]) for t in data.SHOP_TABLES for c in db.execute("PRAGMA table_xinfo(%s)" % t)]
            return [db.execute('SELECT "%s" FROM %s' % ('", "'.join(cs), t)).fetchall() for t, cs in public_columns(pairs).items()]
    pairs = engine.ask("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                       "ORDER BY table_name, ordinal_position", database).rows
    return [engine.ask('SELECT "%s" FROM %s ORDER BY 1, 2' % ('", "'.join(cs), t), database).rows
            for t, cs in public_columns(pairs).items()]


def make(the_rig):
    made = corpus.engines(the_rig, "attack", {"": 0, "b": 1}, extra)
    for engine in made:
        engine.good_state = [engine.state(d) for d in list(engine.databases)]
        engine.public_state = public_state.__get__(engine)
    return made


def policy(mode):
    return corpus.policy(mode).split("rules:")[0] + corpus.read("attacks/policy.yaml")


def run_engine(tap, engine, seed, each):
    pieces, tally = fragments(), Tally()
    only = os.environ.get("OG_ROW")
    kinds = os.environ.get("OG_KINDS", "SVWXNB")
    todo = [a for a in attacks(engine.letter, engine.rig, seed, each) if only in (None, a.row) and a.kind in kinds]
    sample = int(os.environ.get("OG_SAMPLE", "100"))
    if 0 < sample < len(todo):
        todo = random.Random(seed).sample(todo, sample)
    for attack in todo:
        one(engine, attack, pieces, tally, True)
    for leak in tally.leaks[:30]:
        tap.note(leak)
    if os.environ.get("OG_FINDINGS"):
        with open(os.path.join(os.environ["OG_FINDINGS"], "attack-%s.txt" % engine.letter), "w") as file:
            file.write("\n".join(tally.leaks) + "\n")
    working = collections.Counter(a.row for a in todo if a.reached)
    tap.note("%s attacks: %s" % (engine.name, ", ".join("%s %d" % i for i in tally.items())))
    tap.note("%s attacks: rows with fewer than five forms that work directly: %s" % (
        engine.name, ", ".join("%s (%d)" % (r, working[r]) for r in dict.fromkeys(a.row for a in todo) if working[r] < 5)))
    tap.is_(len(tally.leaks), 0, "%s attacks: nothing out, nothing changed" % engine.name)
    return todo, tally


def control(tap, engine, todo, pieces):
    """With masks and rules on observe the same test must find most of what works."""
    sample = [a for a in todo if getattr(a, "reached", False)]
    sample = random.Random(5).sample(sample, min(len(sample), 150))
    tally = Tally()
    found = sum(one(engine, a, pieces, tally, False) for a in sample)
    tap.ok(found >= 0.8 * len(sample), "%s attacks, control: found when nothing is protected" % engine.name,
           "%d of %d" % (found, len(sample)))
    tap.note("%s attacks, control: %d of %d found on observe" % (engine.name, found, len(sample)))


def main():
    rig.need_root()
    tap = rig.Tap()
    seed, each = int(os.environ.get("OG_SEED", "1")), int(os.environ.get("OG_EACH", "16"))
    the_rig = rig.Rig({"corpus.yaml": policy("enforce")})
    the_rig.is_control = False
    made = make(the_rig)
    the_rig.start()
    todo = {e.letter: run_engine(tap, e, seed, each)[0] for e in made}
    for engine in made:
        engine.drop_all()
    the_rig.stop()
    the_rig.write("policies/corpus.yaml", policy("observe"))
    the_rig.start()
    for engine in made:
        control(tap, engine, todo[engine.letter], fragments())
    tap.done()


main()
