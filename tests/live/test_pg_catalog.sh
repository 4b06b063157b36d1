#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs test_pg_catalog over a PostgreSQL cluster of its own. OG_BUILDDIR holds the program.
set -eu
bin=/usr/lib/postgresql/15/bin
driver=${OG_PG_DRIVER:-/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so}
program=${OG_BUILDDIR:-.}/tests/live/test_pg_catalog
if [ "$(id -u)" -ne 0 ] || [ ! -x "$bin/initdb" ] || [ ! -e "$driver" ]; then
    echo "1..0 # SKIP needs root, PostgreSQL 15 and psqlODBC"
    exit 0
fi
folder=$(mktemp -d)
chown nobody "$folder"
as_nobody="setpriv --reuid nobody --regid nogroup --clear-groups"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
stop() {
    cd /
    $as_nobody "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
$as_nobody "$bin/initdb" -D "$folder/data" -U og -A trust -E UTF8 --no-sync >/dev/null
$as_nobody "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null
"$bin/psql" -q -v ON_ERROR_STOP=1 -h "$folder" -p "$port" -U og postgres <<'SQL'
CREATE TYPE addr AS (street text, city text);
CREATE DOMAIN addr_domain AS addr;
CREATE DOMAIN code AS varchar(10);
CREATE TABLE customers (id int PRIMARY KEY, gone int, email text NOT NULL UNIQUE, code code UNIQUE,
    low text GENERATED ALWAYS AS (lower(email)) STORED, addr addr, balance numeric(10, 2),
    "größe" int NOT NULL, part int NOT NULL, UNIQUE ("größe") DEFERRABLE);
ALTER TABLE customers DROP gone;
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX ON customers (part) WHERE part > 1;
CREATE UNIQUE INDEX ON customers (lower(email));
CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION mine();
CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE VIEW v AS SELECT id, email AS s FROM customers;
CREATE VIEW ruled AS SELECT id FROM customers;
CREATE RULE r AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE MATERIALIZED VIEW mat AS SELECT id FROM customers;
CREATE SEQUENCE seq;
CREATE SCHEMA other;
CREATE TABLE other.hidden (a int);
CREATE TABLE "we""ird, {na?me}" (a int);
CREATE TABLE p (k int NOT NULL, s text, PRIMARY KEY (k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
CREATE TABLE parent (a int PRIMARY KEY);
CREATE TABLE child (b int) INHERITS (parent);
CREATE TABLE seen (a int);
SELECT format('CREATE VIEW long_view AS SELECT %s FROM customers',
    string_agg(format('%L::text AS c%s', repeat('x', 100), i), ',')) FROM generate_series(1, 600) i
\gexec
SQL
string="Server=127.0.0.1;Port=$port;Database=postgres;UID=og;PWD=unused;${OG_PG_EXTRA:-}"
"$program" "$driver" "$string" "$string"
