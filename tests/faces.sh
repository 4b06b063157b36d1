#!/bin/sh
# SPDX-License-Identifier: MIT
# What each face of the driver exports is what the real driver of its shape exports, and nothing else;
# each loads alone and beside the others; guardctl finds the face that fits a driver.
set -u
drivers=/usr/lib/x86_64-linux-gnu/odbc
build=${OG_BUILDDIR:-.}/driver
n=0
failed=0
faces=
pairs=

ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

names() {
	nm -D --defined-only "$1" | awk '$2 ~ /[TW]/ {print $3}' | sort
}

# compare FACE REAL EXCEPTION...: exceptions are names of the real driver that the face has not.
compare() {
	face=$1
	real=$2
	shift 2
	faces="$faces $face"
	pairs="$pairs $face:$real"
	if [ ! -f "$drivers/$real" ]; then
		n=$((n + 1))
		echo "ok $n - exports of $face are $real's # SKIP $real is not installed"
		return
	fi
	wanted=$(names "$drivers/$real" | grep '^SQL')
	for exception in "$@"; do
		wanted=$(echo "$wanted" | grep -vx "$exception")
	done
	got=$(names "$build/$face" | grep '^SQL')
	[ "$got" = "$wanted" ]
	ok $? "exports of $face are $real's ($(echo "$got" | wc -l) functions, left out: ${*:-none})"
	others=$(names "$build/$face" | grep -v '^SQL')
	[ -z "$others" ]
	ok $? "exports of $face are SQL functions only"
}

# SQLDummyOrdinal is a mark of psqlODBC for its own installer; no driver manager looks for it.
compare libodbcguard.so psqlodbcw.so SQLDummyOrdinal
compare libodbcguard-ansi.so psqlodbca.so SQLDummyOrdinal
compare libodbcguard-odbc2.so libsqlite3odbc.so
compare libodbcguard-mariadb.so libmaodbc.so
compare libodbcguard-tds.so libtdsodbc.so

# og_worker_main is the one name that the broker's worker, odbcguard-worker, starts at.
got=$(names "$build/libodbcguardcore.so.0" | grep -v '^og_entry_')
[ "$got" = og_worker_main ]
ok $? "the core exports entry points and the worker's start only"
for file in $faces libodbcguardcore.so.0; do
	readelf -d "$build/$file" | grep -q 'NODELETE'
	ok $? "$file is never unloaded"
	readelf -d "$build/$file" | grep -q 'SYMBOLIC'
	ok $? "$file binds its own names to itself"
done

work=$(mktemp -d)
cat >"$work/load.c" <<'C'
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <stdio.h>
/* Loads the files given; each must have SQLFetch, and all must share one core. */
int main(int argc, char **argv)
{
    void *core = NULL;
    for (int i = 1; i < argc; i++) {
        void *handle = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        void *symbol = handle ? dlsym(handle, "SQLFetch") : NULL;
        Dl_info info;
        if (!symbol || !dladdr(symbol, &info)) {
            printf("%s\n", dlerror());
            return 1;
        }
        void *entry = dlsym(handle, "og_entry_SQLFetch");
        if (!entry || (core && core != entry))
            return 1;
        core = entry;
    }
    return 0;
}
C
if cc -o "$work/load" "$work/load.c" -ldl; then
	for face in $faces; do
		"$work/load" "$build/$face"
		ok $? "$face loads alone"
	done
	all=
	for face in $faces; do
		all="$all $build/$face"
	done
	# shellcheck disable=SC2086 # a list of files
	"$work/load" $all
	ok $? "all faces load into one process and share one core"
else
	ok 1 "the loader of the test compiles"
fi

# guardctl dsn add writes the face that exports what the target's driver does, by path or by name.
guardctl=${OG_BUILDDIR:-.}/guardctl
[ -x "$guardctl" ] || guardctl=${OG_BUILDDIR:-.}/fusefs/guardctl
ODBCINI=$work/odbc.ini
ODBCSYSINI=$work
export ODBCINI ODBCSYSINI
for pair in $pairs; do
	face=${pair%%:*}
	real=${pair#*:}
	[ -f "$drivers/$real" ] || continue
	printf '[Real]\nDriver = %s\n[Guard]\nDriver = %s\n' "$drivers/$real" "$build/$face" >"$work/odbcinst.ini"
	for driver in Real "$drivers/$real"; do
		printf '[shop]\nDriver = %s\n' "$driver" >"$ODBCINI"
		"$guardctl" dsn add shop-guarded --target shop --socket /run/none.sock >"$work/out" 2>&1 &&
			grep -q "^Driver = .*/$face\$" "$ODBCINI"
		ok $? "guardctl dsn add takes $face for $real"
	done
	printf '[shop]\nDriver = Real\n[named]\nDriver = Guard\nGuardTargetDSN = shop\n' >"$ODBCINI"
	"$guardctl" --socket "$work/none" dsn check named >"$work/out" 2>/dev/null
	grep -q '^ok *shape [^;]*$' "$work/out"
	ok $? "guardctl dsn check finds that $face, by its registered name, fits $real"
done
# A face of another shape is told.
if [ -f "$drivers/psqlodbca.so" ]; then
	printf '[shop]\nDriver = %s\n[wrong]\nDriver = %s\nGuardTargetDSN = shop\n' \
		"$drivers/psqlodbca.so" "$build/libodbcguard.so" >"$ODBCINI"
	"$guardctl" --socket "$work/none" dsn check wrong >"$work/out" 2>/dev/null
	grep -q '^BAD *shape ' "$work/out"
	ok $? "guardctl dsn check tells a face of another shape"
fi
rm -rf "$work"
echo "1..$n"
exit $failed
