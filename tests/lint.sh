#!/bin/sh
# SPDX-License-Identifier: MIT
# What every file must keep to, whatever its language.
set -u
cd "${OG_SRCDIR:-.}" || exit 1
n=0
failed=0
ok() {
	n=$((n + 1))
	if [ -z "$1" ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		printf '%s\n' "$1" | head -n 20 | sed 's/^/# /'
		failed=1
	fi
}
if [ -d .git ]; then
	files=$(git ls-files)
else
	files=$(find . -type f -not -path './build*' | sed 's|^\./||')
fi
code=$(echo "$files" | grep -E '\.(c|h)$')
scripts=$(echo "$files" | grep -E '(\.sh|^tools/(check|quickstart|packages)|^\.ci/run)$')

ok "$(for f in $code; do head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f"; done)" \
	"every C file begins with its licence"
ok "$(grep -nE '[ 	]+$' $code $scripts | cut -c1-100)" "no white space at the ends of lines"
ok "$(awk 'length > 110 { print FILENAME ":" FNR }' $(echo "$code" | grep -v '\.tbl\.h$\|^tests/'))" \
	"no line of C is longer than 110, tables and tests apart"
ok "$(grep -nE '(/home/[a-z]|/root/|/Users/)' $code | cut -c1-120)" "no path of somebody's machine"
ok "$(grep -nE 'sk_live_[A-Za-z0-9]|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----' $files 2>/dev/null |
	cut -c1-100)" "nothing that looks like a secret"
ok "$(for f in $scripts; do sh -n "$f" 2>&1; done)" "shell scripts parse"
ok "$(grep -nE '\b(strcat|sprintf|gets|vsprintf)\(' $(echo "$code" | grep -v '^tests/') | cut -c1-120)" \
	"no unbounded string functions"
ok "$(for f in $(echo "$files" | grep -E '^docs/.*\.md$'); do
	grep -q "$f" docs/docs.mk || echo "$f is not in docs/docs.mk"
done)" "every document is shipped"
if command -v mandoc >/dev/null; then
	ok "$(for f in $(echo "$files" | grep -E '^man/.*\.[1-8]$'); do
		mandoc -Tlint -Wwarning "$f" 2>&1 | grep -v 'no document date\|missing date'
	done)" "manual pages are clean"
fi
echo "1..$n"
exit $failed
