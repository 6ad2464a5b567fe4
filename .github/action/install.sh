#!/usr/bin/env bash
# Puts the program where the other steps find it: the release's own, if its checksum is in this very commit; else one
# built from this commit.
set -euo pipefail

here=$GITHUB_ACTION_PATH
own=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/Cargo.toml" | head -n 1)
version=${IAMTRIM_VERSION:-$own}
version=${version#v}
case $version in *[!0-9A-Za-z.+-]*) echo "::error title=iamtrim::the version is not one" && exit 2 ;; esac

case $(uname -s)-$(uname -m) in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    MINGW*-x86_64 | MSYS*-x86_64) target=x86_64-pc-windows-msvc ;;
    *) target=none ;;
esac
folder=$RUNNER_TEMP/iamtrim-$version
archive=iamtrim-$version-$target.tar.gz
mkdir -p "$folder"

if command -v sha256sum >/dev/null; then sum=sha256sum; else sum="shasum -a 256"; fi
known=$(awk -v name="$archive" '$2 == name { print $1 }' "$here/.github/action/checksums.txt")
if [ -n "$known" ]; then
    releases=${IAMTRIM_RELEASES:-$GITHUB_SERVER_URL/$GITHUB_ACTION_REPOSITORY/releases/download}
    curl --fail --silent --show-error --location --retry 3 --output "$folder/$archive" "$releases/v$version/$archive"
    # In the folder, since `tar` takes a drive for a host.
    cd "$folder"
    if [ "$($sum "$archive" | cut -d ' ' -f 1)" != "$known" ]; then
        echo "::error title=iamtrim::the archive of the release is not the one that this commit knows"
        exit 2
    fi
    tar -xzf "$archive"
    program=$folder/iamtrim
elif [ "$version" = "$own" ]; then
    echo "no checksum of $archive is known here: building it"
    # From here, so that no cargo configuration of the workspace has a say.
    cd "$here"
    cargo install --quiet --locked --path . --root "$folder"
    program=$folder/bin/iamtrim
else
    echo "::error title=iamtrim::this action knows no checksum of version $version for this system"
    exit 2
fi
echo "program=$program" >>"$GITHUB_OUTPUT"
