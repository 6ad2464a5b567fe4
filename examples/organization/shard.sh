#!/bin/sh
# Splits the export of an organization's analyzer into one file per account: shard.sh EXPORT FOLDER
set -eu
export=$1 folder=$2
mkdir -p "$folder"
jq --raw-output '[.findings[].resourceOwnerAccount] | unique[]' "$export" | while read -r account; do
    jq --arg account "$account" '{findings: [.findings[] | select(.resourceOwnerAccount == $account)]}' "$export" \
        >"$folder/$account.json"
done
