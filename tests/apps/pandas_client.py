# SPDX-License-Identifier: MIT
"""pandas: read_sql with and without parameters, chunks, types it infers."""
import sys
import warnings

try:
    import pandas
    import pyodbc
except ImportError as e:
    print("not installed: %s" % e.name)
    sys.exit(77)

warnings.simplefilter("ignore")
pandas.set_option("display.width", 200, "display.max_columns", 20)
c = pyodbc.connect("DSN=" + sys.argv[1])
frame = pandas.read_sql("SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id", c)
print(frame.dtypes)
for row in frame.itertuples(index=False):
    print(*("NULL" if v is None else v for v in row), sep="|")
print(pandas.read_sql("SELECT id, name FROM people WHERE id >= ? ORDER BY id", c, params=[2]))
for part in pandas.read_sql("SELECT id, name, born FROM people ORDER BY id", c, chunksize=2, parse_dates=["born"]):
    print(part.shape, list(part["name"].map(ascii)), [str(d)[:10] for d in part["born"]])
print(pandas.read_sql("SELECT note FROM people ORDER BY id", c)["note"].map(lambda v: len(v or "")).tolist())
print(pandas.read_sql("SELECT count(*) AS n, sum(balance) AS b FROM people", c))
for sql in ("SELECT * FROM none", "SELEC 1"):
    try:
        print(sql, pandas.read_sql(sql, c))
    except Exception as e:
        print(sql, type(e).__name__, e)
        c.rollback()
