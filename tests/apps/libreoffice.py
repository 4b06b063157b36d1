# SPDX-License-Identifier: MIT
"""LibreOffice Base without a window: a database document over the data source, its catalog, a row set that
scrolls, prepared statements, transactions, errors."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

SOFFICE = shutil.which("soffice")
try:
    import uno
    from com.sun.star.beans import PropertyValue
    from com.sun.star.sdbc import SQLException
    from com.sun.star.uno import Exception as UnoException
except ImportError:
    SOFFICE = None
if not SOFFICE:
    print("libreoffice-base or python3-uno is not installed")
    sys.exit(77)


class Office:
    """A soffice of our own, with its profile in a temporary folder."""

    def __init__(self, folder, visible=False):
        pipe = "og%d" % os.getpid()
        arguments = [SOFFICE, "--norestore", "--nologo", "--nodefault", "--nofirststartwizard", "--nolockcheck",
                     "-env:UserInstallation=file://%s/profile" % folder, "--accept=pipe,name=%s;urp;" % pipe]
        self.process = subprocess.Popen(arguments + ([] if visible else ["--headless", "--invisible"]),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        for _ in range(600):
            try:
                self.context = resolver.resolve("uno:pipe,name=%s;urp;StarOffice.ComponentContext" % pipe)
                break
            except UnoException:
                time.sleep(0.1)

    def make(self, service):
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def close(self):
        try:
            self.make("com.sun.star.frame.Desktop").terminate()
        except UnoException:
            pass
        self.process.wait(60)


def document(office, folder, dsn):
    """A stored database document; its URL."""
    source = office.make("com.sun.star.sdb.DatabaseContext").createInstance()
    source.URL = "sdbc:odbc:" + dsn
    source.Settings.CharSet = "utf-8"
    url = "file://%s/%s.odb" % (folder, dsn)
    source.DatabaseDocument.storeAsURL(url, ())
    return source, url


def cells(row, n):
    found = []
    for i in range(1, n + 1):
        value = row.getString(i)
        found.append("NULL" if row.wasNull() else value)
    print(*found, sep="|")


def attempt(connection, sql):
    statement = connection.createStatement()
    try:
        print(sql, statement.execute(sql), statement.getUpdateCount())
    except SQLException as e:
        print(sql, e.SQLState, e.ErrorCode, e.Message.split("at ./")[0].strip())
    statement.close()


def catalog(connection):
    names = [name.split(".")[-1] for name in connection.Tables.ElementNames]
    print(sorted(name for name in names if name in ("people", "work")))
    table = [name for name in connection.Tables.ElementNames if name.split(".")[-1] == "people"][0]
    columns = connection.Tables.getByName(table).Columns
    for name in columns.ElementNames:
        column = columns.getByName(name)
        print(name, column.TypeName, column.Precision, column.Scale, column.IsNullable)


def reads(office, source, connection):
    rows = office.make("com.sun.star.sdb.RowSet")
    rows.ActiveConnection = connection
    rows.CommandType = 2  # a command
    rows.Command = "SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id"
    rows.execute()
    while rows.next():
        cells(rows, 8)
    print(rows.last(), rows.getInt(1), rows.previous(), rows.getInt(1), rows.first(), rows.getInt(1),
          rows.RowCount, rows.IsRowCountFinal)
    rows.dispose()
    prepared = connection.prepareStatement("SELECT name FROM people WHERE id = ?")
    prepared.setInt(1, 2)
    found = prepared.executeQuery()
    print(found.next(), found.getString(1).encode())
    prepared.close()
    found = connection.createStatement().executeQuery("SELECT note FROM people WHERE id = 2")
    found.next()
    note = found.getString(1)
    print(len(note), note == "0123456789" * 10000)


def writes(connection):
    connection.setAutoCommit(False)
    attempt(connection, "INSERT INTO work VALUES (1, 'one', NULL)")
    connection.rollback()
    connection.setAutoCommit(True)
    prepared = connection.prepareStatement("INSERT INTO work (id, name) VALUES (?, ?)")
    prepared.setInt(1, 2)
    prepared.setString(2, "two")
    print(prepared.executeUpdate())
    found = connection.createStatement().executeQuery("SELECT id, name, body FROM work ORDER BY id")
    while found.next():
        cells(found, 3)


def main():
    dsn = sys.argv[1]
    folder = tempfile.mkdtemp(prefix="og-office-")
    office = Office(folder)
    try:
        source, _ = document(office, folder, dsn)
        connection = source.getIsolatedConnection("", "")
        catalog(connection)
        reads(office, source, connection)
        writes(connection)
        for sql in ("INSERT INTO work VALUES (2, 'again', NULL)", "DELETE FROM work", "SELECT * FROM none", "SELEC 1"):
            attempt(connection, sql)
        connection.close()
    finally:
        office.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
