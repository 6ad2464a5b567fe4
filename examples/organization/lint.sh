#!/bin/sh
# Lints one repository of the organization and shows the result in its code scanning: lint.sh OWNER/NAME
#
# The accounts that it deploys to are in repositories.json, what is unused in each of them in findings/. Needs `iamtrim`,
# `jq`, `git` and `gh`, and in GH_TOKEN a token that may read contents and write security events of the repository.
set -eu
repository=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)

set --
for account in $(jq --raw-output --arg repository "$repository" '.[$repository][]' "$here/repositories.json"); do
    set -- "$@" --findings "$here/findings/$account.json"
done
gh repo clone "$repository" "$work/repository" -- --quiet --depth 1
cd "$work/repository"
iamtrim lint "$@" --format sarif --output "$work/report.sarif" --fail-on never

jq --null-input \
    --arg commit "$(git rev-parse HEAD)" \
    --arg ref "$(git symbolic-ref HEAD)" \
    --rawfile sarif /dev/stdin \
    '{commit_sha: $commit, ref: $ref, tool_name: "iamtrim", sarif: ($sarif | rtrimstr("\n"))}' >"$work/upload.json" <<UPLOAD
$(gzip --stdout "$work/report.sarif" | base64 | tr -d '\n')
UPLOAD
gh api "repos/$repository/code-scanning/sarifs" --method POST --input "$work/upload.json"
