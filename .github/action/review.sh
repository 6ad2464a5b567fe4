#!/usr/bin/env bash
# Writes the review, without what an earlier one says already. Where that cannot be done, annotations stand in for it.
set -euo pipefail

pull=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/pulls/$(jq -r .pull_request.number "$GITHUB_EVENT_PATH")
folder=$(dirname "$IAMTRIM_REVIEW")
request=$folder/request.json

# One request; prints its status, and leaves the answer in a file. The token is on no command line.
api() {
    printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN" |
        curl --config - --silent --output "$folder/answer.json" --write-out '%{http_code}' \
            --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' "$@" || true
}

# The bodies of all that was said there before, as far as they can be read.
said() {
    local page
    for page in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(api "$pull/$1?per_page=100&page=$page")" = 200 ] || return 0
        jq -r '.[].body // empty' "$folder/answer.json" || return 0
        [ "$(jq length "$folder/answer.json")" = 100 ] || return 0
    done
}

said comments >"$folder/said.txt"
said reviews >>"$folder/said.txt"
jq --rawfile said "$folder/said.txt" --slurpfile event "$GITHUB_EVENT_PATH" '
    def is_said: capture("(?<marker><!-- iamtrim [0-9a-f]{16} -->)\\s*$").marker as $marker | $said | contains($marker);
    .comments |= map(select(.body | is_said | not))
    | .commit_id = $event[0].pull_request.head.sha
    | { request: ., is_news: (.comments != [] or (.body | test("<!-- iamtrim -->\\s*$") or is_said | not)) }
    ' "$IAMTRIM_REVIEW" >"$folder/news.json"
jq .request "$folder/news.json" >"$request"

if [ "$(jq .is_news "$folder/news.json")" != true ]; then
    echo "there is nothing to say that an earlier review does not"
    exit 0
fi
status=$(api --request POST --data-binary "@$request" "$pull/reviews")
case $status in
    200 | 201) echo "wrote a review with $(jq '.comments | length' "$request") suggestions" && exit 0 ;;
    401 | 403 | 404) echo "::notice title=iamtrim::the token may not write a review, so annotations stand in for it" ;;
    *) echo "::warning title=iamtrim::the review was not taken (HTTP $status), so annotations stand in for it" ;;
esac
if [ "$IAMTRIM_FORMAT" != github ]; then cat "$folder/annotations.txt"; fi
