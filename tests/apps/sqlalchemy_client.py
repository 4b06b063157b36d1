# SPDX-License-Identifier: MIT
"""SQLAlchemy over pyodbc: Core queries, typed columns, transactions, errors."""
import sys

try:
    import sqlalchemy as sa
    from sqlalchemy.connectors.pyodbc import PyODBCConnector
    from sqlalchemy.dialects import registry
    from sqlalchemy.dialects.postgresql.base import PGDialect
    from sqlalchemy.dialects.sqlite.base import SQLiteDialect
except ImportError as e:
    print("not installed: %s" % e.name)
    sys.exit(77)


class Postgres(PyODBCConnector, PGDialect):
    """SQLAlchemy ships no PostgreSQL dialect over ODBC: its own one over its own connector."""
    supports_statement_cache = True

    def _get_server_version_info(self, connection):
        return 15, 0


class SQLite(PyODBCConnector, SQLiteDialect):
    supports_statement_cache = True
    default_paramstyle = "qmark"

    @classmethod
    def dbapi(cls):
        module = PyODBCConnector.dbapi()
        module.sqlite_version_info = (3, 40, 0)  # where the dialect looks for the engine's version
        return module

    def _get_server_version_info(self, connection):
        return 3, 40, 0


registry.impls["postgresql.odbc"] = lambda: Postgres
registry.impls["sqlite.odbc"] = lambda: SQLite

dsn, kind = sys.argv[1:3]
engine = sa.create_engine("%s+odbc://?odbc_connect=DSN=%s" % (kind, dsn))
people = sa.Table("people", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("name", sa.Unicode),
                  sa.Column("email", sa.String), sa.Column("phone", sa.String), sa.Column("score", sa.Float),
                  sa.Column("born", sa.String), sa.Column("balance", sa.Numeric(10, 2)),
                  sa.Column("big", sa.BigInteger), sa.Column("note", sa.Text))
work = sa.Table("work", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("name", sa.Unicode),
                sa.Column("body", sa.Text))
with engine.connect() as c:
    for row in c.execute(sa.select(*[x for x in people.c if x.name != "note"]).order_by(people.c.id)):
        print(*("NULL" if v is None else v for v in row), sep="|")
    print(c.execute(sa.select(people.c.name).where(people.c.id == 2)).all())
    print(c.execute(sa.select(people.c.id).where(people.c.name == "\U0001f600 beyond")).all())
    print(c.execute(sa.select(sa.func.count(), sa.func.max(people.c.big))).all())
    print(len(c.execute(sa.select(people.c.note).where(people.c.id == 2)).scalar()))
with engine.begin() as c:
    c.execute(work.insert(), [{"id": 1, "name": "\U0001d4b3", "body": "b" * 70000}, {"id": 2, "name": "two", "body": None}])
    print([(ascii(n), b and len(b)) for n, b in c.execute(sa.select(work.c.name, work.c.body).order_by(work.c.id))])
try:
    with engine.begin() as c:
        c.execute(work.update().values(name="changed"))
        raise ValueError("rolled back")
except ValueError:
    pass
with engine.begin() as c:
    print(c.execute(sa.select(work.c.name).where(work.c.id == 2)).scalar())


def attempt(sql):
    try:
        with engine.begin() as connection:
            print(sql, connection.execute(sa.text(sql)).all())
    except sa.exc.DBAPIError as e:
        print(sql, type(e).__name__, e.orig.args)


attempt("INSERT INTO work VALUES (1, 'again', NULL)")
with engine.begin() as c:
    print(c.execute(work.delete()).rowcount)
attempt("SELECT * FROM none")
attempt("SELEC 1")
