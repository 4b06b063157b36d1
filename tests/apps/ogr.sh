#!/bin/sh
# SPDX-License-Identifier: MIT
# GDAL/OGR's ODBC driver: layers from the catalog, features, its own SQL, an error.
ogrinfo --formats 2>/dev/null | grep -q '^ *ODBC ' || { echo "gdal-bin with ODBC is not installed"; exit 77; }
ogrinfo -ro "ODBC:@$1" | grep -v '^INFO\|^      using' | sort
ogrinfo -ro -al "ODBC:@$1,people,work" -sql \
	"SELECT id, name, email, phone, score, born, balance, big FROM people ORDER BY id" | grep -v '^INFO\|^      using'
ogrinfo -ro "ODBC:@$1,people,work" people -where "id = 2" -so | grep -v '^INFO\|^      using'
ogrinfo -ro "ODBC:@$1,people,work" -sql "SELECT name FROM people WHERE id = 3" | grep name
ogrinfo -ro "ODBC:@$1,people,work" -sql "SELECT length(note) AS n FROM people WHERE id = 2" | grep '  n '
echo "SELECT * FROM none"
ogrinfo -ro "ODBC:@$1,people,work" -sql "SELECT * FROM none" 2>&1 | grep -v '^INFO\|^      using'
exit 0
