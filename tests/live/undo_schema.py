# SPDX-License-Identifier: MIT
"""Tables with keys of every kind, foreign keys with actions, triggers and unusual types, and random writes
on them; for test_undo.py."""
import hashlib

DDL = {"SQLite": """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
INSERT INTO people VALUES (1, 'Ann', 'ann@example.com'), (2, 'Bo', 'bo@example.com'),
  (3, 'Cay', 'cay@example.com');
CREATE TABLE owners (id INTEGER PRIMARY KEY, code TEXT UNIQUE NOT NULL, n INTEGER DEFAULT 7);
CREATE TABLE things (a TEXT NOT NULL, b INTEGER NOT NULL, owner INTEGER REFERENCES owners(id)
  ON DELETE CASCADE ON UPDATE CASCADE, r REAL, doubled INTEGER GENERATED ALWAYS AS (b * 2), raw BLOB,
  PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE notes (id INTEGER PRIMARY KEY, v INTEGER GENERATED ALWAYS AS (length(text)) STORED, text TEXT,
  owner TEXT REFERENCES owners(code) ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree(id) ON DELETE CASCADE, tag);
CREATE TABLE loose (k, v);
CREATE TABLE totals (what TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE history (seq INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
INSERT INTO totals VALUES ('owners', 0), ('tree', 0);
CREATE TRIGGER owners_in AFTER INSERT ON owners BEGIN
  UPDATE totals SET n = n + 1 WHERE what = 'owners';
  INSERT INTO history (what) VALUES ('in ' || new.code); END;
CREATE TRIGGER owners_out AFTER DELETE ON owners BEGIN
  UPDATE totals SET n = n - 1 WHERE what = 'owners';
  INSERT INTO history (what) VALUES ('out ' || old.code); END;
CREATE TRIGGER owners_set AFTER UPDATE OF n ON owners WHEN new.n > 50 BEGIN
  UPDATE owners SET n = 50 WHERE id = new.id;
  INSERT OR REPLACE INTO loose (rowid, k, v) VALUES (1000 + new.id, 'capped', old.n); END;
CREATE TRIGGER tree_in AFTER INSERT ON tree BEGIN
  UPDATE totals SET n = (SELECT count(*) FROM tree) WHERE what = 'tree'; END;
ALTER TABLE tree ADD COLUMN late INTEGER DEFAULT 5;
ALTER TABLE tree ADD COLUMN later TEXT NOT NULL DEFAULT 'l';
""", "PostgreSQL": """
CREATE TABLE people (id integer PRIMARY KEY, name text, email text);
INSERT INTO people VALUES (1, 'Ann', 'ann@example.com'), (2, 'Bo', 'bo@example.com'),
  (3, 'Cay', 'cay@example.com');
CREATE TABLE owners (id integer PRIMARY KEY, code text UNIQUE NOT NULL, n integer DEFAULT 7,
  at timestamptz DEFAULT now(), amount numeric(20, 6), tags text[]);
CREATE TABLE things (a text NOT NULL, b integer NOT NULL, owner integer REFERENCES owners(id)
  ON DELETE CASCADE ON UPDATE CASCADE, r double precision, doubled integer GENERATED ALWAYS AS (b * 2) STORED,
  raw bytea, doc jsonb, PRIMARY KEY (a, b));
CREATE TABLE notes (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text,
  owner text REFERENCES owners(code) ON DELETE SET NULL ON UPDATE CASCADE, span interval, plain json);
CREATE TABLE tree (id integer PRIMARY KEY, up integer REFERENCES tree(id) ON DELETE CASCADE, tag varchar(40),
  late integer DEFAULT 5);
CREATE TABLE loose (k integer NOT NULL UNIQUE, v text, pad char(6), ok boolean);
CREATE TABLE totals (what text PRIMARY KEY, n integer NOT NULL);
CREATE TABLE history (seq serial PRIMARY KEY, what text);
INSERT INTO totals VALUES ('owners', 0), ('tree', 0);
CREATE FUNCTION on_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE totals SET n = n + 1 WHERE what = 'owners';
    INSERT INTO history (what) VALUES ('in ' || NEW.code);
  ELSIF TG_OP = 'DELETE' THEN
    UPDATE totals SET n = n - 1 WHERE what = 'owners';
    INSERT INTO history (what) VALUES ('out ' || OLD.code);
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER owners_any AFTER INSERT OR DELETE ON owners FOR EACH ROW EXECUTE FUNCTION on_owner();
"""}

TABLES = {"people": "id", "owners": "id", "things": "a, b", "notes": "id", "tree": "id", "loose": "k",
          "totals": "what", "history": "seq"}
ODD_TEXTS = ["", "x", "O'Brien", 'a"b', "l\n2", "\u20ac\U0001f600", " pad ", "NULL", "\\", "{1,2}", "%s;--"]


def snapshot(direct):
    """Every row of every table by its key."""
    out = {}
    for table, key in TABLES.items():
        if direct.engine == "PostgreSQL":
            sql = "SELECT %s, o::text FROM %s o" % (key, table)
        else:
            key = "rowid" if table == "loose" else key
            sql = "SELECT %s, * FROM %s" % (key, table)
        n_key = key.count(",") + 1
        out[table] = {tuple(row[:n_key]): tuple(repr(value) for value in row[n_key:]) for row in direct(sql)}
    return out


def checksum(direct):
    rows = sorted((table, repr(sorted(rows.items(), key=repr))) for table, rows in snapshot(direct).items())
    return hashlib.sha256(repr(rows).encode("utf-8", "surrogateescape")).hexdigest()


def odd_text(chance):
    if chance.random() < 0.02:
        return chance.choice("abc") * 1000000
    return chance.choice(ODD_TEXTS)


def some(chance, now, table, position=0, default=1):
    keys = sorted(now[table], key=repr)
    return chance.choice(keys)[position] if keys and chance.random() < 0.9 else default


def sqlite_writes(chance, now):
    n, new = chance.randrange(1, 30), chance.randrange(1, 40)
    owner, node = some(chance, now, "owners"), some(chance, now, "tree")
    return [
        ("INSERT INTO owners (id, code, n) VALUES (?, ?, ?)", [new, "c%d" % chance.randrange(60), n]),
        ("INSERT INTO owners (id, code) VALUES (?, ?)", [new, "c%d" % chance.randrange(60)]),
        ("INSERT OR REPLACE INTO owners (id, code, n) VALUES (?, ?, ?)", [new, "c%d" % chance.randrange(20), n]),
        ("INSERT INTO owners (id, code, n) VALUES (?, ?, 3) ON CONFLICT (id) DO UPDATE SET n = n + 1",
         [new, "d%d" % new]),
        ("DELETE FROM owners WHERE id = ?", [owner]),
        ("DELETE FROM owners WHERE id %% 5 = %d" % (n % 5), []),
        ("UPDATE owners SET id = id + 100 WHERE id = ? AND id < 100", [owner]),
        ("UPDATE owners SET code = code || 'x' WHERE id = ?", [owner]),
        ("UPDATE owners SET n = n + 20 WHERE id <= ?", [n]),
        ("INSERT INTO things (a, b, owner, r, raw) VALUES (?, ?, ?, ?, ?)",
         [odd_text(chance), n, owner, chance.choice([1.5, -0.0, 1e300, 3]), bytes(range(n))]),
        ("INSERT OR REPLACE INTO things (a, b, owner, r) VALUES (?, ?, ?, 2)",
         [chance.choice(ODD_TEXTS), n, owner]),
        ("UPDATE things SET r = r * 2, raw = NULL WHERE b < ?", [n]),
        ("UPDATE things SET b = b + 1000 WHERE a = ?", [chance.choice(ODD_TEXTS)]),
        ("DELETE FROM things WHERE b = ?", [some(chance, now, "things", 1)]),
        ("INSERT INTO notes (text, owner) VALUES (?, (SELECT code FROM owners WHERE id = ?))",
         [odd_text(chance), owner]),
        ("UPDATE notes SET text = text || '.' WHERE id = ?", [some(chance, now, "notes")]),
        ("DELETE FROM notes WHERE id = ?", [some(chance, now, "notes")]),
        ("INSERT INTO tree (id, up, tag) VALUES (?, ?, ?)", [chance.randrange(1, 200), node,
                                                              chance.choice([1, 2.5, "t", b"b", None])]),
        ("INSERT INTO tree (id) VALUES (?)", [chance.randrange(1, 200)]),
        ("DELETE FROM tree WHERE id = ?", [node]),
        ("UPDATE tree SET tag = ?, late = NULL WHERE id > ?", [odd_text(chance), node]),
        ("INSERT INTO loose VALUES (?, ?)", [chance.choice([None, 1, "k"]), odd_text(chance)]),
        ("INSERT INTO loose SELECT id, code FROM owners WHERE id < ?", [n]),
        ("UPDATE loose SET v = 1 WHERE k = ?", [chance.choice([1, "k"])]),
        ("DELETE FROM loose WHERE rowid %% 7 = %d" % (n % 7), []),
    ]


def postgresql_writes(chance, now):
    n, new = chance.randrange(1, 30), chance.randrange(1, 40)
    owner, node = some(chance, now, "owners"), some(chance, now, "tree")
    return [
        ("INSERT INTO owners (id, code, n, amount, tags) VALUES (?, ?, ?, 1.500, '{a,\"b c\",NULL}')",
         [new, "c%d" % chance.randrange(60), n]),
        ("INSERT INTO owners (id, code) VALUES (?, ?)", [new, "c%d" % chance.randrange(60)]),
        ("INSERT INTO owners (id, code) SELECT g + 200, 'g' || g FROM generate_series(1, ?) g"
         " ON CONFLICT DO NOTHING", [n]),
        ("INSERT INTO owners (id, code, n) VALUES (?, ?, 3) ON CONFLICT (id) DO UPDATE SET n = owners.n + 1",
         [new, "d%d" % new]),
        ("DELETE FROM owners WHERE id = ?", [owner]),
        ("DELETE FROM owners WHERE id %% 5 = %d" % (n % 5), []),
        ("UPDATE owners SET id = id + 100 WHERE id = ? AND id < 100", [owner]),
        ("UPDATE owners SET code = code || 'x' WHERE id = ?", [owner]),
        ("UPDATE owners SET n = n + 20, at = at + interval '1 day 0.000001 second' WHERE id <= ?", [n]),
        ("MERGE INTO owners o USING (VALUES (1), (2), (%d)) v(id) ON o.id = v.id WHEN MATCHED AND o.n > 10 THEN"
         " DELETE WHEN MATCHED THEN UPDATE SET n = o.n + 1 WHEN NOT MATCHED THEN INSERT (id, code)"
         " VALUES (v.id, 'm' || v.id)" % new, []),
        ("INSERT INTO things (a, b, owner, r, raw, doc) VALUES (?, ?, ?, ?, ?, '{\"k\": [1, 2.50]}')",
         [odd_text(chance), n, owner, chance.choice([1.5, -0.0, 1e300, 0.1]), bytes(range(n))]),
        ("UPDATE things SET r = r / 3, raw = NULL WHERE b < ?", [n]),
        ("UPDATE things SET b = b + 1000 WHERE a = ?", [chance.choice(ODD_TEXTS)]),
        ("DELETE FROM things WHERE b = ?", [some(chance, now, "things", 1)]),
        ("INSERT INTO notes (text, owner, span, plain) VALUES (?, (SELECT code FROM owners WHERE id = ?),"
         " interval '1 month -2 hours', '{\"b\":1,  \"a\":2}')", [odd_text(chance), owner]),
        ("UPDATE notes SET text = text || '.', span = span * 2 WHERE id = ?", [some(chance, now, "notes")]),
        ("DELETE FROM notes WHERE id = ?", [some(chance, now, "notes")]),
        ("INSERT INTO tree (id, up, tag) VALUES (?, ?, ?)",
         [chance.randrange(1, 200), node, chance.choice(["t", "", None])]),
        ("DELETE FROM tree WHERE id = ?", [node]),
        ("UPDATE tree SET tag = 'q', late = NULL WHERE id > ?", [node]),
        ("INSERT INTO loose VALUES (?, ?, 'p', true)", [n, odd_text(chance)]),
        ("UPDATE loose SET pad = 'xyz', ok = NOT ok FROM owners WHERE owners.id = loose.k", []),
        ("WITH d AS (DELETE FROM loose WHERE k < ? RETURNING k) INSERT INTO tree (id) SELECT k + 500 FROM d"
         " ON CONFLICT DO NOTHING", [n]),
    ]


def random_write(chance, engine, now):
    """The first rows of each list meet a cascade or a trigger: they come more often."""
    writes = {"SQLite": sqlite_writes, "PostgreSQL": postgresql_writes}[engine](chance, now)
    return chance.choice(writes[:9] if chance.random() < 0.7 else writes)


def is_wide(sql):
    """A trigger or a foreign key's action stands behind the table."""
    return " owners " in sql + " " or " tree " in sql + " "
