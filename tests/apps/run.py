# SPDX-License-Identifier: MIT
"""The client matrix: what each client shows on a data source, on its guarded twin under a policy that
observes (the same), and guarded with masks (the same but for the masked cells, which an oracle knows).
    tests/apps/run.py [--write] [--only CLIENT[,CLIENT...]] [--keep-output FOLDER]
Prints TAP. The table client x data source in docs/odbc-coverage.md is compared with what was seen, and
written with --write."""
import argparse
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "live"))
sys.path.insert(0, HERE)
import data  # noqa: E402
import mariadb  # noqa: E402
import rig  # noqa: E402

PYTHON = "/usr/bin/python3"
PATIENCE_S = 150  # a client takes two to twenty seconds, more where much runs beside it
NPM = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "odbcguard", "npm")
COVERAGE = os.path.join(rig.SOURCE, "docs", "odbc-coverage.md")
BEGIN, END = "<!-- clients: written by tests/apps/run.py --write -->", "<!-- end of clients -->"
# Client, program that runs it, script, how it shows NULL (None: as blanks), the data sources it can use:
# L SQLite, P PostgreSQL Unicode, A PostgreSQL ANSI (Unicode clients fail on that one directly too), M MariaDB.
CLIENTS = (
    ("isql", "sh", "isql.sh", None, "LPAM"),
    ("iusql", "sh", "iusql.sh", None, "LPM"),
    ("pyodbc", PYTHON, "pyodbc_client.py", "NULL", "LPM"),
    ("pandas", PYTHON, "pandas_client.py", "NULL", "LPM"),
    ("SQLAlchemy", PYTHON, "sqlalchemy_client.py", "NULL", "LP"),
    ("R RODBC", "Rscript", "rodbc.R", "NULL", "LPAM"),
    ("PHP odbc", "php", "php_odbc.php", "NULL", "LPAM"),
    ("PHP PDO", "php", "php_pdo.php", "NULL", "LPAM"),
    ("Perl DBD::ODBC", "perl", "perl_dbd.pl", "NULL", "LPAM"),
    ("Ruby", "ruby", "ruby_odbc.rb", "NULL", "LPAM"),
    ("Erlang", "escript", "erlang_odbc.escript", "NULL", "LPAM"),
    ("Tcl tdbc", "tclsh", "tdbc.tcl", "NULL", "LPM"),
    ("SWI-Prolog", "swipl", "swipl_odbc.pro", "NULL", "LPAM"),
    ("Lua", "lua5.3", "lua_odbc.lua", "NULL", "LPAM"),
    ("Qt 5", PYTHON, "qt5.py", "NULL", "LPM"),
    ("Qt 6", PYTHON, "qt6.py", "NULL", "LPM"),
    ("GDAL/OGR", "sh", "ogr.sh", "(null)", "LPAM"),
    ("LibreOffice Base", PYTHON, "libreoffice.py", "NULL", "LPM"),
    ("npm odbc", "node", "node_odbc.mjs", "NULL", "LPAM"),
    ("MCP tool server", "node", "mcp.mjs", "NULL", "LPAM"),
)
# Data source, its name in the table, target's driver and face, kind for the scripts, letter.
SOURCES = (
    ("lite", "SQLite", "SQLite3", "ODBCGuard ODBC2", "sqlite", "L"),
    ("shop", "PostgreSQL Unicode", "PostgreSQL Unicode", "ODBCGuard", "postgresql", "P"),
    ("ansi", "PostgreSQL ANSI", "PostgreSQL ANSI", "ODBCGuard ANSI", "postgresql", "A"),
    ("mari", "MariaDB", "MariaDB", "ODBCGuard MariaDB", "mariadb", "M"),
)
# There is no front end for its SQL: its statements run under observing policies only, and nothing is masked.
OBSERVED_ONLY = "M"
# From here on scripts try what no target understands: with masks the guard says so itself.
REFUSED = "FROM none"
SKIP = 77


def set_up():
    """Per source: NAME_d directly, NAME_g guarded and observed, NAME_m guarded over NAME_t and masked. Names
    of one length, so that tables stay aligned."""
    names = [s[0] for s in SOURCES]
    r = rig.Rig(data.policies([n + "_d" for n in names], [n + "_t" for n in names]))
    r.mariadb = None
    for name, _, driver, face, kind, _ in SOURCES:
        if kind == "mariadb":
            if not mariadb.is_installed():
                continue
            r.mariadb = mariadb.MariaDB(r)
            r.mariadb.add_dsn(name, data.tables().replace(" TEXT", " LONGTEXT"))
        elif kind == "sqlite":
            r.sqlite(name, data.tables())
        else:
            r.postgresql(name, data.tables(), {"Driver": driver})
        keys = r.sections.pop(name)
        r.sections.pop(name + "-guarded")
        r.sections[name + "_d"] = keys
        r.sections[name + "_t"] = keys
        for twin, target in ((name + "_g", name + "_d"), (name + "_m", name + "_t")):
            r.sections[twin] = {"Driver": face, "GuardTargetDSN": target, "GuardSocket": r.socket}
    r.write_odbc()
    os.environ["OG_NPM"] = NPM
    return r.start()


def run(client, dsn, kind):
    program, script = client[1:3]
    if not shutil.which(program):
        return SKIP, "%s is not installed" % program, 0
    environment = dict(os.environ, LC_ALL="C.UTF-8", LANG="C.UTF-8", HOME=os.environ["OG_APPS_HOME"])
    begun = time.monotonic()
    done = subprocess.Popen([program, os.path.join(HERE, script), dsn, kind], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        parts = done.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(done.pid, signal.SIGKILL)  # with what the client started
        return -1, "no end in %d s\n" % PATIENCE_S + done.communicate()[0].decode("utf-8", "replace"), PATIENCE_S
    text = b"".join(parts).decode("utf-8", "backslashreplace")
    return done.returncode, text.replace(dsn, dsn[:-1] + "d"), time.monotonic() - begun


def run_direct(client, dsn, kind):
    """A client that hangs by itself says nothing of the guard: it has a second try."""
    result = run(client, dsn, kind)
    if result[0] == -1:
        print("# %s on %s, without the guard: no end, tried once more" % (client[0], dsn), flush=True)
        result = run(client, dsn, kind)
    return result


def first_difference(one, two):
    a, b = one.splitlines(), two.splitlines()
    found = ["wanted: %s\ngot:    %s" % (x[:300], y[:300]) for x, y in zip(a, b) if x != y][:6]
    return "%d and %d lines\n%s" % (len(a), len(b), "\n".join(found))


def before_refused(text):
    """Up to the end of the line before the first statement that nobody understands."""
    at = text.find(REFUSED)
    return text[:text.rfind("\n", 0, at) + 1] if at >= 0 else text


class Result:
    """One client on one source."""

    def __init__(self, client, source):
        self.client, self.source = client, source
        name, kind = source[0], source[4]
        self.direct = run_direct(client, name + "_d", kind)
        self.guarded = run(client, name + "_g", kind)
        self.masked = None if source[5] in OBSERVED_ONLY else run(client, name + "_m", kind)

    def is_skip(self):
        return self.direct[0] == SKIP

    def masked_pair(self):
        """What is wanted and what was shown, up to the statements that nobody understands."""
        wanted = data.masked_text(self.direct[1], self.client[3])
        return [before_refused(text) for text in (wanted, self.masked[1])]

    def is_masked_right(self):
        wanted, got = self.masked_pair()
        return (wanted == got and self.masked[0] == self.direct[0] and
                "not understood" in self.masked[1][len(got):])

    def told(self):
        """The two cells of the table."""
        if self.is_skip():
            return "not run", "not run"
        if not self.masked:
            return ("same" if self.guarded[:2] == self.direct[:2] else "differs",)
        return ("same" if self.guarded[:2] == self.direct[:2] else "differs",
                "masked cells" if self.is_masked_right() else "differs")


def judge(tap, result):
    name = "%s on %s" % (result.client[0], result.source[1])
    if result.is_skip():
        tap.n += 1
        print("ok %d - %s # SKIP %s" % (tap.n, name, result.direct[1].strip().splitlines()[-1:]), flush=True)
        return
    code, text, seconds = result.direct
    has_all = code == 0 and data.shows_all(text)
    tap.ok(has_all, "%s works directly and shows every value that is to be masked (%.1f s)" % (name, seconds),
           "ended with %d\n%s" % (code, text[-1500:]))
    tap.ok(result.told()[0] == "same", name + " guarded: the same", first_difference(text, result.guarded[1]))
    if not result.masked:
        return
    tap.ok(result.told()[1] == "masked cells", name + " guarded with masks: the masked cells differ and no others",
           first_difference(*result.masked_pair()) + "\n" + result.masked[1][-600:])


def table(results):
    heads = ["%s guarded" % s[1] + (" | with masks" if s[5] not in OBSERVED_ONLY else "") for s in SOURCES]
    lines = ["| Client | " + " | ".join(heads) + " |", "|---|" + "---|" * (" | ".join(heads).count("|") + 1)]
    for client in CLIENTS:
        cells = []
        for source in SOURCES:
            none = ("–",) * (1 if source[5] in OBSERVED_ONLY else 2)
            cells += results[client[0], source[0]].told() if (client[0], source[0]) in results else none
        lines.append("| %s | %s |" % (client[0], " | ".join(cells)))
    return "\n".join(lines)


def check_table(tap, text, is_written):
    with open(COVERAGE) as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    new = before + BEGIN + "\n\n" + text + "\n\n" + END + after
    if is_written and new != page:
        with open(COVERAGE, "w") as file:
            file.write(new)
        page = new
    tap.ok(new == page, "the table of clients in docs/odbc-coverage.md is what was seen",
           first_difference(page, new))


def keep(folder, result):
    os.makedirs(folder, exist_ok=True)
    for form, seen in (("direct", result.direct), ("guarded", result.guarded), ("masked", result.masked or (0, ""))):
        with open(os.path.join(folder, "%s.%s.%s" % (result.client[0].replace("/", ""), result.source[0], form)), "w") as file:
            file.write("%d\n%s" % seen[:2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep-output", default="")
    options = parser.parse_args()
    rig.need_root()
    wanted = [c for c in CLIENTS if not options.only or c[0] in options.only.split(",")]
    tap = rig.Tap()
    r = set_up()
    os.environ["OG_APPS_HOME"] = r.path("home")
    os.mkdir(r.path("home"))

    def on_source(source):
        if source[0] + "_d" not in r.sections:
            return []
        return [Result(client, source) for client in wanted if source[5] in client[4]]

    try:
        with concurrent.futures.ThreadPoolExecutor(len(SOURCES)) as pool:
            lists = list(pool.map(on_source, SOURCES))
    finally:
        if r.mariadb:
            r.mariadb.close()
    results = {(result.client[0], result.source[0]): result for results in lists for result in results}
    for client in wanted:
        for source in SOURCES:
            result = results.get((client[0], source[0]))
            if result:
                judge(tap, result)
            if result and options.keep_output:
                keep(options.keep_output, result)
    if not options.only:
        check_table(tap, table(results), options.write)
    tap.done()


if __name__ == "__main__":
    main()
