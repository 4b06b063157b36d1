# SPDX-License-Identifier: MIT
"""pyodbc: Unicode connect, typed reads, parameters, transactions, fast_executemany, long values."""
import sys

try:
    import pyodbc
except ImportError:
    print("python3-pyodbc is not installed")
    sys.exit(77)

dsn, kind = sys.argv[1:3]
c = pyodbc.connect("DSN=" + dsn)
cursor = c.cursor()
print(sorted(row.table_name for row in cursor.tables(tableType="TABLE")))
print([(row.column_name, row.data_type, row.type_name, row.column_size, row.nullable)
       for row in cursor.columns(table="people")])
print([row.column_name for row in cursor.primaryKeys("people")])
cursor.execute("SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id")
print([column[:7] for column in cursor.description])
for row in cursor.fetchall():
    print(*("NULL" if v is None else v for v in row), sep="|")
print(cursor.execute("SELECT name FROM people WHERE id = ?", 2).fetchall())
print(cursor.execute("SELECT id FROM people WHERE name = ?", "\U0001f600 beyond").fetchall())
note = cursor.execute("SELECT note FROM people WHERE id = 2").fetchval()
print(len(note), note == "0123456789" * 10000)

cursor.execute("INSERT INTO work VALUES (?, ?, ?)", 1, "\U0001d4b3 漢", "x" * 200000)
print(cursor.rowcount, cursor.execute("SELECT count(*) FROM work").fetchval())
c.rollback()
print(cursor.execute("SELECT count(*) FROM work").fetchval())
cursor.execute("INSERT INTO work VALUES (?, ?, ?)", 2, "\U0001d4b3 漢", "y" * 200000)
c.commit()
row = cursor.execute("SELECT name, body FROM work WHERE id = 2").fetchone()
print(ascii(row[0]), len(row[1]), sorted(set(row[1])))
cursor.executemany("INSERT INTO work (id, name) VALUES (?, ?)", [(10, "ten"), (11, None), (12, "ä\U0001f600")])
print(cursor.execute("SELECT * FROM work WHERE id >= 10 ORDER BY id").fetchall())
if kind != "sqlite":  # SQLite ODBC crashes in this, directly too
    cursor.fast_executemany = True
    cursor.executemany("INSERT INTO work (id, name) VALUES (?, ?)", [(i, "n%d ö" % i) for i in range(100, 300)])
    print(cursor.execute("SELECT count(*), min(name), max(name) FROM work WHERE id >= 100").fetchone())


def attempt(sql):
    try:
        print(sql, cursor.execute(sql).fetchall())
    except pyodbc.Error as e:
        print(sql, type(e).__name__, e.args)
        c.rollback()


attempt("INSERT INTO work VALUES (2, 'again', NULL)")
cursor.execute("DELETE FROM work")
print(cursor.rowcount > 0)
c.commit()
for sql in ("SELECT * FROM none", "SELEC 1", "SELECT ?"):
    attempt(sql)
