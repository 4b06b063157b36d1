#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Truth by execution on PostgreSQL: random queries (grammar.py) through the guard on two databases that differ in
masked values only, in what masks hide of them. Any difference between the two answers is a leak; no model of SQL is
needed to see it. With masks on observe the same test must find differences. OG_COUNT statements from OG_SEED (or as
many as OG_SECONDS allow); each failure is printed with its number, which OG_SEED and OG_COUNT=1 run again."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus  # noqa: E402
import grammar  # noqa: E402
import rig  # noqa: E402


def answer(result, database):
    rows = None if result.rows is None else sorted(result.rows, key=repr)
    return repr((rows, result.labels, result.count, result.error, result.notices)).replace(database, "DB")


def reads_masked(sql):
    return any(table + " " in sql for table in grammar.WITH_MASKED)


class Run:
    def __init__(self, engine):
        self.engine, self.databases = engine, list(engine.databases)
        self.n = self.admitted = self.masked = self.failed = self.shown = self.late = 0
        self.leaks, self.reasons = [], {}

    def one(self, number):
        sql = grammar.Maker(number).statement()
        results = [self.engine.run(sql, (), d) for d in self.databases]
        texts = [answer(r, d) for r, d in zip(results, self.databases)]
        self.n += 1
        error = results[0].error
        if any(r.error and "57014" in r.error for r in results):
            self.late += 1
            return
        self.admitted += not error
        self.shown += bool(results[0].rows)
        self.masked += not error and reads_masked(sql)
        if error:
            ours = "[odbcguard]" in error
            self.failed += not ours
            key = (error if ours else "database: " + error)[:150]
            self.reasons.setdefault(key, []).append(number)
        if texts[0] != texts[1] and answer(self.engine.run(sql, (), self.databases[0]), self.databases[0]) == texts[0]:
            self.leaks.append("%d: %s\n    %s\n    %s" % (number, sql, texts[0][:400], texts[1][:400]))

    def many(self, first, count, seconds, show=0):
        end = time.monotonic() + seconds
        for number in range(first, first + count):
            self.one(number)
            if show and self.n % show == 0:
                print("# after %d: %s" % (self.n, self.line()), flush=True)
            if time.monotonic() > end:
                break
        return self

    def line(self):
        return "%d statements, %d admitted (%.0f %%), %d with rows, %d of all read a masked table (%.0f %%), %d errors of the database, %d took too long, %d leaks" % (
            self.n, self.admitted, 100.0 * self.admitted / self.n, self.shown, self.masked, 100.0 * self.masked / self.n, self.failed, self.late,
            len(self.leaks))


def make(the_rig):
    """Without statistics of values: they would change plans, and with them the order of rows."""
    engine = corpus.PostgreSQL(the_rig, "truth_p", {"": 0, "b": 1})
    for database in engine.databases:  # a query that multiplies tables must not hold up the others
        the_rig.psql("postgres", "ALTER DATABASE %s SET statement_timeout = '4s'" % database)
    return engine


def main():
    rig.need_root()
    tap = rig.Tap()
    seed, count = int(os.environ.get("OG_SEED", "1")), int(os.environ.get("OG_COUNT", "300"))
    seconds = float(os.environ.get("OG_SECONDS", "86400"))
    the_rig = rig.Rig({"corpus.yaml": corpus.policy()})
    engine = make(the_rig)
    the_rig.start()
    run = Run(engine).many(seed, count, seconds, int(os.environ.get("OG_EVERY", "0")))
    for leak in run.leaks[:10]:
        tap.note(leak)
    tap.note("PostgreSQL truth by execution: " + run.line())
    for key, numbers in sorted(run.reasons.items(), key=lambda i: -len(i[1]))[:int(os.environ.get("OG_SHOW", "0"))]:
        tap.note("%d x %s (such as %d)" % (len(numbers), key.replace("\n", " "), numbers[0]))
    tap.is_(len(run.leaks), 0, "PostgreSQL truth by execution: no answer differs by a masked value")
    tap.ok(run.admitted >= 0.6 * run.n, "PostgreSQL truth by execution: at least 60 % are admitted", run.line())
    tap.ok(run.masked >= 0.4 * run.n, "PostgreSQL truth by execution: at least 40 % read a masked table", run.line())
    engine.drop_all()
    the_rig.stop()
    the_rig.write("policies/corpus.yaml", corpus.policy("observe"))
    the_rig.start()
    blind = Run(engine).many(seed, 200, 120)
    tap.ok(len(blind.leaks) >= 0.15 * blind.n, "PostgreSQL truth by execution, control: differences are seen when nothing is masked",
           blind.line())
    tap.done()


main()
