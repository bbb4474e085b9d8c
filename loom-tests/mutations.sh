#!/usr/bin/env bash
# Plants every fault of README.md's table, one after the other, and fails when
# the test named there does not. Needs no arguments; a fault's name runs that one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# The flags of `cargo loom` stand in its alias; this variable would replace them.
unset RUSTFLAGS

only=${1:-}
passed=0
failed=0

pass() {
    passed=$((passed + 1))
    printf 'ok      %s\n' "$1"
}

fail() {
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$1"
}

rows() {
    sed -n 's/^| `\(mutation-[a-z-]*\)` |.*| `\([a-z_]*\)` `\([a-z_]*\)` |$/\1 \2 \3/p' loom-tests/README.md
}

declared() {
    sed -n 's/^\(mutation-[a-z-]*\) = .*/\1/p' "$1" | sort
}

# The table, the features and the forwarded features are the same.
if [ -z "$only" ]; then
    listed=$(rows | cut -d' ' -f1 | sort)
    for manifest in ringbuf/Cargo.toml loom-tests/Cargo.toml; do
        if [ "$(declared "$manifest")" = "$listed" ]; then
            pass "$manifest declares the faults of the table"
        else
            fail "$manifest and the table in loom-tests/README.md differ"
        fi
    done
    if cargo loom --quiet >/dev/null 2>&1; then
        pass "without a fault every test passes"
    else
        fail "without a fault a test fails: run cargo loom"
    fi
fi

while read -r fault file test; do
    if [ -n "$only" ] && [ "$only" != "$fault" ]; then
        continue
    fi
    # Built apart, so that a test that does not compile is not taken for one
    # that fails.
    if ! cargo loom --quiet --features "$fault" --test "$file" --no-run >/dev/null 2>&1; then
        fail "$fault does not build"
        continue
    fi
    output=$(RUST_BACKTRACE=0 timeout 120 cargo loom --features "$fault" --test "$file" -- --exact "$test" 2>&1)
    status=$?
    if [ "$status" -eq 0 ] || [ "$status" -eq 124 ]; then
        fail "$fault survives $file::$test (exit $status)"
    elif ! grep -q "panicked at" <<<"$output"; then
        fail "$fault ends $file::$test without a panic (exit $status)"
    else
        pass "$fault is caught by $file::$test"
    fi
done < <(rows)

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
