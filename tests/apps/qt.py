# SPDX-License-Identifier: MIT
"""Qt's QODBC: an ODBC 2 application with Unicode calls; catalog, scrolling, batches, transactions.
qt5.py and qt6.py run it with their own Qt."""
import sys


def row_text(query, n):
    cells = []
    for i in range(n):
        value = query.value(i)
        is_null = query.isNull(i)
        if hasattr(value, "toString"):
            value = value.toString("yyyy-MM-dd")
        cells.append("NULL" if is_null else str(value))
    return "|".join(cells)


def attempt(sql_module, db, sql):
    query = sql_module.QSqlQuery(db)
    done = query.exec(sql)
    error = query.lastError()
    print(sql, done, error.nativeErrorCode(), error.databaseText())


def catalog(db):
    print(sorted(t.split(".")[-1] for t in db.tables() if t.split(".")[-1] in ("people", "work")))
    record = db.record("people")
    for i in range(record.count()):
        field = record.field(i)
        print(field.name(), field.length(), field.precision(), field.requiredStatus())


def reads(sql_module, db):
    query = sql_module.QSqlQuery(db)
    print(query.exec("SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id"),
          query.lastError().text())
    while query.next():
        print(row_text(query, 8))
    print(query.last(), query.value(0), query.previous(), query.value(0), query.first(), query.value(0))
    query.prepare("SELECT name FROM people WHERE id = ?")
    query.addBindValue(2)
    print(query.exec(), query.next(), query.value(0))
    query.prepare("SELECT id FROM people WHERE name = ?")
    query.addBindValue("\U0001f600 beyond")
    print(query.exec(), query.next(), query.value(0))
    query.exec("SELECT note FROM people WHERE id = 2")
    print(query.next(), len(query.value(0)), query.value(0) == "0123456789" * 10000)


def writes(sql_module, db):
    query = sql_module.QSqlQuery(db)
    print(db.transaction(), query.exec("INSERT INTO work VALUES (1, 'one', NULL)"), db.rollback())
    query.exec("SELECT count(*) FROM work")
    print(query.next(), query.value(0))
    query.finish()
    print(db.transaction())
    query.prepare("INSERT INTO work (id, name) VALUES (?, ?)")
    query.addBindValue([2, 3])
    query.addBindValue(["two \U0001d4b3", "three"])
    print(query.execBatch(), db.commit())
    query.exec("SELECT id, name FROM work ORDER BY id")
    while query.next():
        print(row_text(query, 2).encode())
    query.finish()


def main(core, sql_module):
    application = core.QCoreApplication(sys.argv)
    db = sql_module.QSqlDatabase.addDatabase("QODBC")
    if not db.isValid():
        print("the QODBC plug-in is not installed")
        sys.exit(77)
    db.setDatabaseName(sys.argv[1])
    if not db.open():
        print(db.lastError().text())
        sys.exit(1)
    driver = db.driver()
    print([(feature, driver.hasFeature(sql_module.QSqlDriver.DriverFeature(feature))) for feature in range(13)])
    catalog(db)
    reads(sql_module, db)
    writes(sql_module, db)
    for sql in ("INSERT INTO work VALUES (2, 'again', NULL)", "DELETE FROM work", "SELECT * FROM none", "SELEC 1"):
        attempt(sql_module, db, sql)
    db.close()
    del application
