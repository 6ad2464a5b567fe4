#!/usr/bin/env bash
# One run: the log, the job's summary, and the reports that were asked for.
set -euo pipefail

# Whatever is printed from here on is no command to the runner.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
trap 'echo "::$token::"' EXIT

out=$(mktemp -d "$RUNNER_TEMP/iamtrim.XXXXXX")
arguments=(lint "--format=$IAMTRIM_FORMAT" "--fail-on=$IAMTRIM_FAIL_ON")
arguments+=("--report=json=$out/report.json" "--report=markdown=$out/summary.md" "--report=github=$out/annotations.txt")
if [ -n "$IAMTRIM_CONFIG" ]; then arguments+=("--config=$IAMTRIM_CONFIG"); fi
sarif=${IAMTRIM_SARIF%%$'\n'*}
if [ -n "$sarif" ]; then arguments+=("--report=sarif=$sarif"); fi
while IFS= read -r line; do
    if [ -n "$line" ]; then arguments+=("--findings=$line"); fi
done <<<"$IAMTRIM_FINDINGS"

notice=
review=
if [ "$IAMTRIM_SUGGESTIONS" = true ]; then
    head=$(jq -r '.pull_request.head.sha // empty' "$GITHUB_EVENT_PATH")
    base=$(jq -r '.pull_request.base.sha // empty' "$GITHUB_EVENT_PATH")
    if [ "$GITHUB_EVENT_NAME" != pull_request ]; then
        notice="suggestions are for the event pull_request alone"
    elif [ "$(git rev-parse HEAD)" != "$head" ]; then
        notice="no suggestions: check out the head of the pull request to get them"
    else
        review=$out/review.json
        arguments+=("--changed-since=$base" "--report=suggestions=$review")
    fi
fi
arguments+=(--)
while IFS= read -r line; do
    if [ -n "$line" ]; then arguments+=("$line"); fi
done <<<"$IAMTRIM_PATHS"

code=0
"$IAMTRIM" "${arguments[@]}" >"$out/log.txt" || code=$?
if [ "$IAMTRIM_FORMAT" != github ]; then cat "$out/log.txt"; fi

echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [ "$code" -gt 1 ]; then exit "$code"; fi
{
    jq -r '"problems=\([.diagnostics[] | select(.suppressed == null and .level != "note")] | length)"' "$out/report.json"
    jq -r '"fixable=\(.summary.fixable)"' "$out/report.json"
    echo "sarif=$sarif"
    echo "review=$review"
} >>"$GITHUB_OUTPUT"
# A step's summary may have a mebibyte.
head -c 1000000 "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"

# Annotations are commands, in which the program has escaped what comes from files.
trap - EXIT
echo "::$token::"
if [ "$IAMTRIM_FORMAT" = github ]; then cat "$out/annotations.txt"; fi
if [ -n "$notice" ]; then echo "::notice title=iamtrim::$notice"; fi
