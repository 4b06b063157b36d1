#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipe in docs/ledger.md, taken from there, on a ledger that test_ledger made: it says good, and
# finds a flipped byte, a removed line, a cut end and a changed anchor.
: "${OG_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
maker=${OG_TEST_LEDGER:-${OG_BUILDDIR:-.}/tests/unit/test_ledger}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0

check() { # NAME WANTED-EXIT-CODE: runs the recipe on $work/copy
    n=$((n + 1))
    said=$(cd "$work/copy" && sh "$work/recipe.sh" 2>&1)
    code=$?
    if [ "$code" = "$2" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        failed=1
    fi
    echo "# $said" | head -n 3
}

fresh() {
    rm -rf "$work/copy"
    cp -r "$work/state/audit" "$work/copy"
}

flip() { # FILE OFFSET: writes another byte there
    byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null)
    [ "$byte" = X ] && new=Y || new=X
    printf %s "$new" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

sed -n '/^```sh$/,/^```$/p' "$OG_SRCDIR/docs/ledger.md" | sed '1d;$d' >"$work/recipe.sh"
"$maker" "$work/state" 24 || exit 99
fresh
check a_good_ledger_is_good 0
first=$(ls "$work/copy"/*.jsonl | head -n 1)
last=$(ls "$work/copy"/*.jsonl | tail -n 1)
size=$(wc -c <"$first")
for at in 3 777 $((size / 2)) $((size - 2)) $((size - 1)); do
    fresh
    flip "$first" "$at"
    check "a_byte_flipped_at_${at}_is_found" 1
done
fresh
flip "$last" $(($(wc -c <"$last") - 40))
check a_byte_flipped_in_the_last_line_is_found 1
fresh
sed -i 5d "$first"
check a_removed_line_is_found 1
fresh
sed -i '$d' "$last"
check a_cut_end_is_found_by_its_anchor 1
fresh
flip "$(ls "$work/copy"/*.anchors | head -n 1)" 90
check a_changed_anchor_is_found 1
fresh
rm "$first"
check a_removed_file_is_found_by_its_anchors 1
echo "1..$n"
exit $failed
