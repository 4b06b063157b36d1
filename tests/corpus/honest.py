#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The corpus of honest statements: what tools and reports of an ordinary shop send, guarded beside direct on
both engines. The same rows must come, the cells of masked columns masked. What honest/floor says may
not be missed. OG_ENGINE=s or p runs one engine, OG_FILE=NAME one file, OG_FINDINGS=FOLDER writes each failure
with its statement."""
import glob
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus  # noqa: E402
import data  # noqa: E402
import rig  # noqa: E402


def files():
    return sorted(glob.glob(os.path.join(corpus.HERE, "honest", "*.txt")))


def extra(letter):
    """Tables and views beside the shop's, for these statements alone."""
    return corpus.read("honest/extra-%s.sql" % ("postgresql" if letter == "p" else "sqlite"))


def digest():
    """sha256 over all files of the corpus, as `cat honest/*.txt | sha256sum` gives it."""
    text = b"".join(open(f, "rb").read() for f in files())
    return hashlib.sha256(text).hexdigest()


def kinds(statement, labels):
    """The mask of each result column: said in the head, else by the name of a masked column."""
    names = [label[0].lower() for label in labels]
    return [statement.kinds.get(name, statement.kinds.get(str(i + 1), data.MASK_OF.get(name, "-")))
            for i, name in enumerate(names)]


def compare_rows(statement, guarded, direct):
    if guarded.labels != direct.labels:
        return "labels %r for %r" % ([l for l, d in zip(guarded.labels, direct.labels) if l != d][:3],
                                     [d for l, d in zip(guarded.labels, direct.labels) if l != d][:3])
    if len(guarded.rows) != len(direct.rows):
        return "%d rows for %d" % (len(guarded.rows), len(direct.rows))
    if "shape" in statement.flags:
        return ""
    columns = kinds(statement, direct.labels)
    ours = guarded.rows
    theirs = [[corpus.mask(k, v) for k, v in zip(columns, row)] for row in direct.rows]
    if "order by" not in statement.sql.lower():
        ours, theirs = sorted(ours, key=repr), sorted(theirs, key=repr)
        if "round" in columns:  # numbers of one value and two spellings would sort apart
            return ""
    for got, wanted in zip(ours, theirs):
        for kind, a, b in zip(columns, got, wanted):
            same = float(a) == float(b) if kind == "round" and None not in (a, b) else a == b and type(a) is type(b)
            if kind != "any" and not same:
                return "%s cell %r for %r" % (kind, a, b)
    return ""


def read_one(engine, statement):
    guarded = engine.run(statement.sql, statement.params)
    direct = engine.run(statement.sql, statement.params, guarded=False)
    masks = bool(direct.rows) and any(k != "-" for k in kinds(statement, direct.labels))
    if direct.error:
        return "broken", direct.error, False
    if guarded.error:
        return "refused", guarded.error, masks
    if direct.rows is None:
        return ("same" if guarded.count == direct.count else "changed"), "count %r for %r" % (guarded.count, direct.count), False
    problem = compare_rows(statement, guarded, direct)
    return ("changed" if problem else "same"), problem, masks


def write_one(engine, statement):
    """Direct first, kept aside and undone; then guarded; both must have left the same."""
    before = engine.state()
    direct = engine.run(statement.sql, statement.params, guarded=False)
    after = engine.state()
    engine.restore()
    if direct.error:
        return "broken", direct.error, False
    guarded = engine.run(statement.sql, statement.params)
    now = engine.state()
    engine.restore()
    if guarded.error:
        return "refused", guarded.error, False
    if now != after:
        return "changed", "another state of the database", False
    if guarded.count != direct.count:
        return "changed", "count %r for %r" % (guarded.count, direct.count), False
    problem = compare_rows(statement, guarded, direct) if direct.rows is not None else ""
    if before == after and "empty" not in statement.flags:
        return "broken", "changes nothing", False
    return ("changed" if problem else "same"), problem, bool(direct.rows)


def check_engine(tap, engine, floors):
    only = os.environ.get("OG_FILE")
    totals, lines = {}, []
    for path in files():
        name = os.path.basename(path)[:-4]
        if only and only != name:
            continue
        counts = dict.fromkeys(["same", "changed", "refused", "broken", "masked"], 0)
        engine.drop_all()  # each tool has connections of its own
        for statement in corpus.parse(path):
            if engine.letter not in statement.engines:
                continue
            one = write_one if "write" in statement.flags else read_one
            verdict, why, masks = one(engine, statement)
            counts[verdict] += 1
            counts["masked"] += masks
            if verdict != "same":
                lines.append("%s %s: %s\n    %s" % (verdict, statement.place, why, statement.sql.replace("\n", "\n    ")))
        totals[name] = counts
        tap.note("%s honest %s: %s" % (engine.name, name, " ".join("%s %d" % i for i in counts.items())))
    write_findings(engine, lines)
    total = {k: sum(c[k] for c in totals.values()) for k in ["same", "changed", "refused", "broken", "masked"]}
    n = total["same"] + total["changed"] + total["refused"]
    tap.note("%s honest corpus: %d statements, %d answered the same (%.1f %%), %d changed, %d refused; %d read masked "
             "columns" % (engine.name, n, total["same"], 100.0 * total["same"] / max(n, 1), total["changed"], total["refused"],
                         total["masked"]))
    for line in lines[:int(os.environ.get("OG_SHOW", "40"))]:
        tap.note(line)
    tap.is_(total["broken"], 0, engine.name + " honest corpus: every statement runs directly")
    if not only:
        tap.ok(total["same"] >= floors[engine.letter], engine.name + " honest corpus: at least %d answered the same"
               % floors[engine.letter], "%d" % total["same"])
        tap.ok(total["masked"] >= floors["masked"], engine.name + " honest corpus: at least %d read masked columns"
               % floors["masked"], "%d" % total["masked"])


def write_findings(engine, lines):
    folder = os.environ.get("OG_FINDINGS")
    if folder:
        with open(os.path.join(folder, "honest-" + engine.letter + ".txt"), "w") as file:
            file.write("\n".join(lines) + "\n")


def floors():
    found = {}
    for line in corpus.read("honest/floor").splitlines():
        if line and not line.startswith("#"):
            name, value = line.split()
            found[name] = value if name == "sha256" else int(value)
    return found


def main():
    rig.need_root()
    tap = rig.Tap()
    wanted = floors()
    tap.is_(digest(), wanted["sha256"], "honest corpus: the files are the ones whose digest stands in honest/floor")
    the_rig = rig.Rig({"corpus.yaml": corpus.policy()})
    made = corpus.engines(the_rig, "honest", extra=extra)
    the_rig.start()
    for engine in made:
        engine.more_tables = ("events", "docs", "counters")
        check_engine(tap, engine, wanted)
    tap.done()


main()
