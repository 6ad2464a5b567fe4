#!/usr/bin/env bash
# Makes the corpora from the files that seeds.txt names, each behind the byte that says what it is.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p corpus/parse_any corpus/fix_any corpus/wildcard_vs_regex corpus/refine_laws
number=0
while read -r selector path; do
    number=$((number + 1))
    { printf '%s' "$selector"; cat "../../$path"; } > "corpus/parse_any/$number"
    case $selector in f | c | k) ;; *) cp "corpus/parse_any/$number" "corpus/fix_any/$number" ;; esac
done < seeds.txt
printf 'Get*\n*Object*\nGetObject' > corpus/wildcard_vs_regex/1
printf '*a?b*\na*b?*\nxaybz' > corpus/wildcard_vs_regex/2
head -c 400 ../../data/catalog.txt > corpus/refine_laws/1
