#!/bin/sh
# SPDX-License-Identifier: MIT
# What each face of the driver exports is what the real driver of its shape exports, and nothing else;
# each loads alone and beside the other; the real driver's calls to its own functions stay its own.
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

names() {
	nm -D --defined-only "$1" | awk '$2 ~ /[TW]/ {print $3}' | sort
}

# compare FACE REAL EXCEPTION...: exceptions are names of the real driver that the face has not.
compare() {
	face=$1
	real=$2
	shift 2
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
compare libodbcguard-odbc2.so libsqlite3odbc.so

got=$(names "$build/libodbcguardcore.so.0" | grep -v '^og_entry_')
[ -z "$got" ]
ok $? "the core exports entry points only"
for file in libodbcguard.so libodbcguard-odbc2.so libodbcguardcore.so.0; do
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
	"$work/load" "$build/libodbcguard.so"
	ok $? "libodbcguard.so loads alone"
	"$work/load" "$build/libodbcguard-odbc2.so"
	ok $? "libodbcguard-odbc2.so loads alone"
	"$work/load" "$build/libodbcguard.so" "$build/libodbcguard-odbc2.so"
	ok $? "both faces load into one process and share one core"
else
	ok 1 "the loader of the test compiles"
fi
rm -rf "$work"
echo "1..$n"
exit $failed
