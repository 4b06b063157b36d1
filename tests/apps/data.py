# SPDX-License-Identifier: MIT
"""What the clients read, and what the masks make of it: the tables, the policies, the oracle."""

PEOPLE = (
    # id, name, email, phone, score, born, balance, big
    (1, "Ann", "anna@example.com", "030 1111111", "1.5", "1980-05-17", "12.50", "9007199254740993"),
    (2, "Zoë 漢字", "zoey@example.com", "030 2222222", "-0.25", "2000-02-29", "-0.01", "-1"),
    (3, "\U0001f600 beyond", None, None, None, None, None, None),
)
# Masked cells as text, by who wrote the policy below. NULL is shown by each client in its own way.
NULL = object()
ORACLE = {
    "anna@example.com": "a***@example.com", "zoey@example.com": "z***@example.com",
    "030 1111111": NULL, "030 2222222": NULL,
    "1980-05-17": "1980-01-01", "2000-02-29": "2000-01-01",
    "1980/05/17": "1980/01/01", "2000/02/29": "2000/01/01",  # as GDAL writes dates
}
BIG_NOTE = 100000

TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, email VARCHAR(60),
  phone VARCHAR(20), score DOUBLE PRECISION, born DATE, balance NUMERIC(10,2), big BIGINT, note TEXT);
CREATE TABLE work (id INTEGER PRIMARY KEY, name VARCHAR(80), body TEXT);
"""


def quoted(value):
    return "NULL" if value is None else "'%s'" % value


def tables():
    text = TABLES
    for row in PEOPLE:
        note = {1: "'first'", 2: "'%s'" % ("0123456789" * (BIG_NOTE // 10)), 3: "''"}[row[0]]
        values = [str(row[0])] + [quoted(v) for v in row[1:4]]
        values += ["NULL" if v is None else v for v in row[4:5]] + [quoted(row[5])]
        values += ["NULL" if v is None else v for v in row[6:]]
        text += "INSERT INTO people VALUES (%s, %s);\n" % (", ".join(values), note)
    return text


EVERYTHING = """select, insert, update, delete, merge, truncate, create, drop, alter, grant, copy, call,
                    lock, set, listen, explain, attach, pragma, maintenance, session"""
OBSERVED = """
policy: observed
applies-to: {principals: ["*"], targets: [%s]}
mode: observe
data-mode: observe
rules:
  - id: all
    when: {effect: [%s]}
    then: allow
"""
MASKED = """
policy: masked
applies-to: {principals: ["*"], targets: [%s]}
mode: enforce
data-mode: enforce
data:
  - columns: [people.email]
    class: email
    mask: partial
  - columns: [people.phone]
    mask: sql-null
  - columns: [people.born]
    mask: {kind: truncate-date, to: year}
rules:
  - id: all
    when: {effect: [%s]}
    then: allow
"""


def policies(observed, masked):
    return {"observed.yaml": OBSERVED % (", ".join(observed), EVERYTHING),
            "masked.yaml": MASKED % (", ".join(masked), EVERYTHING)}


def shows_all(text):
    """Whether every value that the masks change stands in a text."""
    return all(value in text or value.replace("-", "/") in text for value in ORACLE if "/" not in value)


def masked_text(text, null):
    """What a client must show with masks on, from what it shows directly. null: how it shows NULL; None: as
    blanks, as many as the value took."""
    for value, mask in ORACLE.items():
        if mask is NULL:
            mask = " " * len(value) if null is None else null
        text = text.replace(value, mask)
    return text
