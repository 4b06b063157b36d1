# SPDX-License-Identifier: MIT
"""What the corpora's runners share: the two engines with the shop of data.py, the text format of the
corpora, running one statement, and the masks written a second time."""
import datetime
import decimal
import hashlib
import os
import re
import shlex
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "live"))
import data  # noqa: E402
import rig  # noqa: E402

try:
    import pyodbc
except ImportError:
    rig.skip_all("python3-pyodbc is not installed")


def read(name):
    with open(os.path.join(HERE, name)) as file:
        return file.read()


def policy(mode="enforce"):
    return read("policy.yaml").replace("{mode}", mode)


# ---- the text format: see honest/README ----

class Statement:
    """One statement of a corpus. words: NAME=KIND of result columns that are not masked by their name."""

    def __init__(self, file, line, head, sql):
        self.file, self.line, self.sql = file, line, sql
        self.kinds, self.flags, self.params = {}, set(), []
        engines, *words = shlex.split(head)
        self.engines = engines
        if set(engines) - set("ps"):
            raise ValueError("%s:%d: engines %r" % (file, line, engines))
        for word in words:
            if word.startswith("?"):
                self.params.append(parameter(word[1:]))
            elif "=" in word:
                name, kind = word.rsplit("=", 1)
                self.kinds[name.lower()] = kind
            else:
                self.flags.add(word)

    @property
    def place(self):
        return "%s:%d" % (self.file, self.line)


def parameter(word):
    if re.fullmatch(r"-?\d+", word):
        return int(word)
    if re.fullmatch(r"-?\d+\.\d+", word):
        return decimal.Decimal(word)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
        return datetime.date.fromisoformat(word)
    return {"null": None, "true": True, "false": False}.get(word, word)


def parse(path):
    """Statements of one file: a head and the text behind " | ", more lines indented; # is a remark."""
    name = os.path.basename(path)
    found = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line[0] in " \t":
                found[-1][-1] += "\n" + line.strip()
            else:
                head, sql = line.rstrip("\n").split(" | ", 1)
                found.append([number, head, sql])
    return [Statement(name, number, head, sql) for number, head, sql in found]


# ---- masks as they must read ----

def mask(kind, value):
    if kind in ("-", "any") or value is None:
        return value
    if kind == "null":
        return None
    if kind == "email":
        return value[0] + "***@" + value.split("@")[1]
    if kind in ("ssn", "card"):
        return "****" + re.sub(r"\D", "", value)[-4:]
    if kind == "phone":
        return "***" + re.sub(r"\D", "", value)[-2:]
    if kind == "iban":
        return value[:2] + "****"
    if kind == "fixed":
        return "***"
    if kind == "round":
        return int((abs(decimal.Decimal(str(value))) + 500) // 1000 * 1000) * (1 if value >= 0 else -1)
    if kind == "year":
        return value.replace(month=1, day=1)
    raise ValueError(kind)


def is_same(kind, guarded, direct):
    if kind == "any":
        return True
    wanted = mask(kind, direct)
    if kind == "round" and wanted is not None:
        return guarded is not None and float(guarded) == float(wanted)
    return guarded == wanted and type(guarded) is type(wanted)


# ---- engines ----

class Result:
    """What one statement gave: rows with their description, a count, or an error."""

    def __init__(self, rows=None, labels=None, count=None, error=None, notices=""):
        self.rows, self.labels, self.count, self.error = rows, labels, count, error
        self.notices = notices

    @property
    def is_ours(self):
        return bool(self.error) and "[odbcguard]" in self.error

    def key(self):
        return (self.rows, self.labels, self.count, self.error, self.notices)


METADATA = re.compile(r"!(\w+)\s*(.*)", re.S)


def run(connection, statement, params=()):
    """Runs SQL, or !function of the ODBC catalog with its arguments as Python would write them."""
    cursor = connection.cursor()
    try:
        call = METADATA.fullmatch(statement)
        if call:
            arguments = dict(a.split("=", 1) for a in shlex.split(call.group(2)))
            getattr(cursor, call.group(1))(**arguments)
        else:
            cursor.execute(statement, *params)
        notices = "".join(str(m) for m in getattr(cursor, "messages", None) or [])
        if cursor.description:
            labels = [tuple(d[:6]) for d in cursor.description]
            return Result(rows=[list(r) for r in cursor.fetchall()], labels=labels, notices=notices)
        return Result(count=cursor.rowcount, notices=notices)
    except pyodbc.Error as error:
        return Result(error=" ".join(str(a) for a in error.args))
    except UnicodeDecodeError as error:
        return Result(error="decode " + str(error))
    finally:
        try:
            cursor.close()
        except pyodbc.Error:
            pass


class Engine:
    """One engine with the shop. databases: {name: number of its secrets}; extra: more SQL for a letter."""
    letter = name = None
    more_tables = ()  # of `extra`, whose rows are a part of the state (PostgreSQL)

    def __init__(self, the_rig, prefix, databases=None, extra=None):
        self.rig = the_rig
        self.extra = extra(self.letter) if extra else ""
        self.databases = {prefix + n: secrets for n, secrets in (databases or {"": 0}).items()}
        self.main = next(iter(self.databases))
        self.open_connections = {}
        for database, secrets in self.databases.items():
            self.make(database, secrets)

    def connect(self, database=None, guarded=True, autocommit=True):
        name = "DSN=" + (database or self.main) + ("-guarded" if guarded else "")
        return pyodbc.connect(name, autocommit=autocommit, timeout=20)

    def run(self, statement, params=(), database=None, guarded=True):
        """Each database and side has one connection; it is made anew after an error of the connection."""
        key = (database or self.main, guarded)
        if key not in self.open_connections:
            try:
                self.open_connections[key] = self.connect(*key)
            except pyodbc.Error as error:
                return Result(error="connect: " + " ".join(str(a) for a in error.args))
        result = run(self.open_connections[key], statement, params)
        if result.error and re.match(r"08|HY000|HYT", result.error):
            self.drop(*key)
        return result

    def run_undone(self, statement, params=(), database=None):
        """Direct, in a transaction that is rolled back."""
        key = (database or self.main, "undone")
        if key not in self.open_connections:
            self.open_connections[key] = self.connect(database, False, autocommit=False)
        result = run(self.open_connections[key], statement, params)
        try:
            self.open_connections[key].rollback()
        except pyodbc.Error:
            self.drop(*key)
        return result

    def drop(self, database=None, guarded=True):
        connection = self.open_connections.pop((database or self.main, guarded), None)
        try:
            if connection:
                connection.close()
        except pyodbc.Error:
            pass

    def drop_all(self, database=None):
        for key in [k for k in self.open_connections if database in (None, k[0])]:
            self.drop(*key)


class SQLite(Engine):
    letter, name = "s", "SQLite"

    def make(self, database, secrets):
        path = self.rig.sqlite(database, read("schema-sqlite.sql") + data.inserts("s", secrets) + self.extra)
        with open(path, "rb") as file:
            self.good = getattr(self, "good", {})
            self.good[database] = file.read()

    def path(self, database):
        return self.rig.path("data", database + ".db")

    def state(self, database=None):
        """A digest of everything; what cannot be read is another state as well."""
        with sqlite3.connect(self.path(database or self.main)) as db:
            try:
                return hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()
            except sqlite3.Error as error:
                return str(error)

    def restore(self, database=None):
        database = database or self.main
        self.drop_all(database)
        for suffix in ("-journal", "-wal", "-shm"):
            if os.path.exists(self.path(database) + suffix):
                os.unlink(self.path(database) + suffix)
        with open(self.path(database), "r+b") as file:
            file.truncate(0)
            file.write(self.good[database])


# All rows, sequences and names of columns; what statistics and vacuum move is not in it.
PG_STATE = """SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
  %s
  UNION ALL SELECT 's' || sequencename::text || coalesce(last_value::text, '') FROM pg_sequences
  UNION ALL SELECT 'r' || n.nspname::text || '.' || relname::text || relkind::text || coalesce(attname::text, '') || coalesce(obj_description(c.oid), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0
    WHERE n.nspname !~ '^pg_toast|^pg_temp' AND n.nspname NOT IN ('information_schema', 'pg_catalog')
  UNION ALL SELECT 'f' || proname::text || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT 'l' || oid::text FROM pg_largeobject_metadata
  UNION ALL SELECT 'o' || rolname::text FROM pg_roles UNION ALL SELECT 'e' || extname::text FROM pg_extension
  UNION ALL SELECT 'g' || coalesce(array_to_string(setconfig, ','), '') FROM pg_db_role_setting) q(t)"""


class PostgreSQL(Engine):
    letter, name = "p", "PostgreSQL"
    is_made = False

    def make(self, database, secrets):
        """All databases are copies of one, so that their objects have the same numbers."""
        if not self.is_made:
            self.rig.postgresql(self.main + "_empty", "BEGIN;" + read("schema-postgresql.sql") + "COMMIT;")
            self.is_made = True
        self.rig.postgresql(database, data.inserts("p", secrets) + self.extra + "ANALYZE;", template=self.main + "_empty")

    def state(self, database=None):
        """A digest of everything; what went wrong while looking is another state as well."""
        tables = " UNION ALL ".join("SELECT '%s' || x::text FROM %s x" % (t, t) for t in [*data.SHOP_TABLES, *self.more_tables])
        found = self.ask(PG_STATE % tables, database)
        return found.error or found.rows[0][0]

    def ask(self, sql, database=None):
        """Through a connection of the test's own."""
        key = (database or self.main, "test")
        if key not in self.open_connections:
            self.open_connections[key] = self.connect(database, guarded=False)
            run(self.open_connections[key], "SET jit = off")
        found = run(self.open_connections[key], sql)
        if found.error:
            self.drop(*key)
        return found

    def restore(self, database=None):
        """Makes the database again, through a copy with its name, so that data sources stay as they are."""
        database = database or self.main
        self.drop_all(database)
        self.rig.psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" % database)
        self.rig.psql("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % database)
        self.rig.psql("postgres", "CREATE DATABASE %s TEMPLATE %s_good" % (database, database))

    def keep(self):
        """Keeps the databases as they are now as what restore brings back."""
        for database in self.databases:
            self.rig.psql("postgres", "CREATE DATABASE %s_good TEMPLATE %s" % (database, database))


def engines(the_rig, prefix, databases=None, extra=None):
    only = os.environ.get("OG_ENGINE", "sp")
    made = []
    if "s" in only:
        made.append(SQLite(the_rig, prefix + "_s", databases, extra))
    if "p" in only:
        made.append(PostgreSQL(the_rig, prefix + "_p", databases, extra))
        made[-1].keep()
    return made
