#!/bin/sh
# SPDX-License-Identifier: MIT
# isql: connects ANSI, asks catalog and rows, writes in autocommit.
isql -v "$1" <<'SQL'
help
help people
SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id
SELECT id, name FROM people WHERE name = 'Zoë 漢字'
SELECT name FROM people WHERE id = 3
SELECT length(note) FROM people WHERE id = 2
INSERT INTO work VALUES (1, 'one', '𝒳')
SELECT * FROM work
INSERT INTO work VALUES (1, 'again', NULL)
DELETE FROM work WHERE id = 1
SELECT count(*) FROM work
SELECT * FROM none
SELEC 1
quit
SQL
