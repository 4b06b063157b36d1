# SPDX-License-Identifier: MIT
"""What a driver says of itself is the same through the guard: functions in all three modes, every
information type in full, short and absent buffers, types, attributes, environment, failing connects;
psqlODBC Unicode and ANSI, SQLite, MariaDB, FreeTDS (without a server: as far as it goes). Prints TAP.
Differences that are meant stand in tests/odbc/capability_exceptions.txt, each with its reason."""
import fnmatch
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mariadb  # noqa: E402
import rig  # noqa: E402

PROGRAM = rig.BUILD + "/tests/odbc/capabilities"
EXCEPTIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "odbc",
                          "capability_exceptions.txt")
TABLES = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20));"
# Driver's name here, its file, the face, data source.
DRIVERS = (
    ("psqlodbcw", "psqlodbcw.so", "libodbcguard.so", "shop"),
    ("psqlodbca", "psqlodbca.so", "libodbcguard-ansi.so", "shopansi"),
    ("sqlite", "libsqlite3odbc.so", "libodbcguard-odbc2.so", "lite"),
    ("mariadb", "libmaodbc.so", "libodbcguard-mariadb.so", "maria"),
    ("freetds", "libtdsodbc.so", "libodbcguard-tds.so", "tds"),
)


class Exceptions:
    def __init__(self):
        self.rows = []
        with open(EXCEPTIONS) as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    self.rows.append([part.strip() for part in line.split("|")] + [0])

    def take(self, driver, label):
        for row in self.rows:
            if fnmatch.fnmatchcase(label.replace("AttrW ", "Attr ").replace("InfoW ", "Info "), row[0]) and (row[1] == "*" or driver in row[1].split()):
                row[3] += 1
                return True
        return False

    def unused(self, drivers):
        return ["%s | %s" % (row[0], row[1]) for row in self.rows
                if not row[3] and (row[1] == "*" or set(row[1].split()) & drivers)]


def skip(tap, name, why):
    tap.n += 1
    print("ok %d - %s # SKIP %s" % (tap.n, name, why), flush=True)


def run(*arguments):
    done = subprocess.run([PROGRAM] + list(arguments), capture_output=True, timeout=300)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode < 0:
        text += "ended\tby signal %d\n" % -done.returncode
    return text


def outline(line):
    """Return code and length told: what is compared where two runs on the same data source differ. unixODBC
    hands out what it never set, when it makes W answers of a driver that has none and of a buffer too short."""
    label, rest = line.split("\t", 1)
    return label, rest.split(" ")[:2], rest.split(" ")[-1]


def is_managers(driver, line):
    """A short answer that unixODBC widened: its last byte may be the same by chance."""
    words = line.split("\t")[0].split(" ")
    return driver in ("psqlodbca", "sqlite") and words[0] == "SQLGetInfoW" and 0 <= int(words[-1]) < 512


def compare(direct, again, guarded, driver, exceptions):
    """Differences that no exception takes, as text."""
    runs = [text.splitlines() for text in (direct, again, guarded)]
    found = []
    for at in range(max(len(lines) for lines in runs)):
        a, b, c = (lines[at] if at < len(lines) else "(nothing)\t" for lines in runs)
        if a == c or exceptions.take(driver, a.split("\t")[0]):
            continue
        if (a != b or is_managers(driver, a)) and outline(a) == outline(b) == outline(c):
            continue
        found.append("direct:  %s\nguarded: %s" % (a[:300], c[:300]))
    return "\n".join(["%d lines differ" % len(found)] + found) if found else ""


def twin(dsn):
    """The guarded data source: a name of the same length, because SQL_DATA_SOURCE_NAME tells it."""
    return dsn[:-1] + "_"


def named(text, dsn):
    for name, real in ((twin(dsn), dsn), ("%00".join(twin(dsn)), "%00".join(dsn))):
        text = text.replace(name, real)
    return text


def check(tap, exceptions, driver, mode, dsn, direct_arguments, guarded_arguments, last):
    direct, again = (run(*direct_arguments) for _ in range(2))
    guarded = named(run(*guarded_arguments), dsn)
    difference = compare(direct, again, guarded, driver, exceptions)
    is_whole = direct.splitlines()[-1:] and direct.splitlines()[-1].startswith(last)
    tap.ok(is_whole and not difference,
           "%s: %s says the same, %d lines" % (driver, mode, direct.count("\n")), difference or direct)


def check_driver(tap, exceptions, driver, file, face, dsn):
    check(tap, exceptions, driver, "environment", dsn, ("raw", rig.DRIVERS + "/" + file),
          ("raw", rig.BUILD + "/driver/" + face), "SQLGetEnvAttr")
    check(tap, exceptions, driver, "connecting", dsn, ("connect", dsn), ("connect", twin(dsn)),
          "connect SQLConnectW, version 380")
    if driver == "freetds":
        return
    for form, word in (("A", "ANSI"), ("W", "Unicode")):
        for version in "23":
            check(tap, exceptions, driver, "%s application of ODBC %s" % (word, version), dsn,
                  ("ask", dsn, form, version), ("ask", twin(dsn), form, version), "disconnect")


def main():
    rig.need_root()
    tap, exceptions = rig.Tap(), Exceptions()
    r = rig.Rig({"all.yaml": rig.ALLOW_ALL_POLICY})
    r.sqlite("lite", TABLES)
    r.postgresql("shop", TABLES)
    r.add_dsn("shopansi", dict(r.sections["shop"], Driver="PostgreSQL ANSI"), "ODBCGuard ANSI")
    server = mariadb.MariaDB(r) if mariadb.is_installed() else None
    if server:
        server.add_dsn("maria", TABLES)
    r.add_dsn("tds", {"Driver": "FreeTDS", "Server": "127.0.0.1", "Port": "1", "TDS_Version": "7.4"},
              "ODBCGuard FreeTDS")
    for driver, file, face, dsn in DRIVERS:
        if dsn in r.sections:
            r.sections[twin(dsn)] = r.sections.pop(dsn + "-guarded")
    r.write_odbc()
    r.start()
    seen = set()
    try:
        for driver, file, face, dsn in DRIVERS:
            if not os.path.exists(rig.DRIVERS + "/" + file) or (driver == "mariadb" and not server):
                skip(tap, driver, "%s or its server is not installed" % file)
                continue
            seen.add(driver)
            check_driver(tap, exceptions, driver, file, face, dsn)
        unused = exceptions.unused(seen)
        tap.ok(not unused, "every exception is one", "\n".join(unused))
        # The comparison can see: a face of another shape says something else.
        r.sections["lit-"] = dict(r.sections["lit_"], Driver="ODBCGuard")
        r.write_odbc()
        direct = run("ask", "lite", "A", "3")
        tap.ok(compare(direct, direct, run("ask", "lit-", "A", "3").replace("lit-", "lite"), "none", exceptions),
               "a face of another shape is seen")
        # Nor is a Unicode application left to fail call by call on it.
        tap.like(run("connect", "lit-"), "Driver={ODBCGuard%20ODBC2}",
                 "a Unicode application on a driver without W functions is told the driver name that fits")
        r.sections["ans-"] = dict(r.sections[twin("shopansi")], Driver="ODBCGuard")
        r.write_odbc()
        tap.like(run("connect", "ans-"), "Driver={ODBCGuard%20ANSI}", "and on psqlODBC's ANSI driver")
    finally:
        if server:
            server.close()
    tap.done()


if __name__ == "__main__":
    main()
