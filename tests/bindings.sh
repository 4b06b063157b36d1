#!/bin/sh
# SPDX-License-Identifier: MIT
# A real driver that calls its own SQL functions by name must not reach ours: where each such name of it is
# bound, seen by the dynamic linker's own report, is the same in a guarded connection as in a direct one, and
# is never a file of odbcguard. The control puts a face into the global scope, where names do land in it.
set -u
drivers=/usr/lib/x86_64-linux-gnu/odbc
build=${OG_BUILDDIR:-.}/driver
n=0
failed=0

ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

if ! command -v isql >/dev/null; then
	echo "1..0 # SKIP isql is not installed"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ODBCINI=$work/odbc.ini
ODBCSYSINI=$work
export ODBCINI ODBCSYSINI
: >"$work/odbcinst.ini"

# bindings REAL COMMAND...: SQL names of the real driver and the files that they are bound to.
bindings() {
	real=$1
	shift
	rm -f "$work"/report.*
	echo "SELECT 1" | LD_BIND_NOW=1 LD_DEBUG=bindings LD_DEBUG_OUTPUT=$work/report timeout 60 "$@" \
		>"$work/out" 2>&1
	cat "$work"/report.* | sed -n "s|.*binding file [^ ]*/$real [^ ]* to \([^ ]*\) .*symbol .\(SQL[A-Za-z]*\)'.*|\2 \1|p" |
		sort -u
}

cat >"$work/global.c" <<'C'
#include <dlfcn.h>
int main(int argc, char **argv)
{
    return argc == 3 && dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) && dlopen(argv[2], RTLD_NOW) ? 0 : 1;
}
C
cc -o "$work/global" "$work/global.c" -ldl || echo "not ok - the control's loader compiles"

for pair in libodbcguard.so:psqlodbcw.so libodbcguard-ansi.so:psqlodbca.so \
	libodbcguard-odbc2.so:libsqlite3odbc.so libodbcguard-mariadb.so:libmaodbc.so \
	libodbcguard-tds.so:libtdsodbc.so; do
	face=${pair%%:*}
	real=${pair#*:}
	if [ ! -f "$drivers/$real" ]; then
		n=$((n + 1))
		echo "ok $n - calls of $real to its own functions # SKIP $real is not installed"
		continue
	fi
	# Debian's names may be links: the linker reports the file that was opened.
	printf '[direct]\nDriver = %s\nServer = 127.0.0.1\nServername = 127.0.0.1\nPort = 1\nDatabase = %s\n' \
		"$drivers/$real" "$work/none.db" >"$ODBCINI"
	printf '[guarded]\nDriver = %s\nGuardTargetDSN = direct\nGuardSocket = %s\n' \
		"$build/$face" "$work/none.sock" >>"$ODBCINI"
	bindings "$real" isql -b direct >"$work/direct.all"
	bindings "$real" isql -b guarded >"$work/guarded.all"
	# What ends in the driver itself was looked up by who loaded it.
	grep -v "/$real\$" "$work/direct.all" >"$work/direct"
	grep -v "/$real\$" "$work/guarded.all" >"$work/guarded"
	[ -s "$work/direct.all" ] && [ -s "$work/guarded.all" ]
	ok $? "the names of $real are seen ($(wc -l <"$work/direct.all"), $(wc -l <"$work/direct") of them its calls)"
	! grep odbcguard "$work/guarded.all"
	ok $? "calls of $real to its own functions do not land in ours"
	cmp -s "$work/direct" "$work/guarded"
	ok $? "and are bound as in a direct connection"
	bindings "$real" "$work/global" "$build/$face" "$drivers/$real" >"$work/control"
	if grep -q 'libodbc\.so' "$work/direct"; then
		grep -q "odbcguard" "$work/control"
		ok $? "control: with $face in the global scope they do"
	fi
done
echo "1..$n"
exit $failed
