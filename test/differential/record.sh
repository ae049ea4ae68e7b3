#!/bin/sh
# Records what the real Ansible does with the cases: golden/NAME.txt.
# Usage: record.sh [NAME...]   Needs ansible-playbook (ansible-core 2.14).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bundle=$(mktemp -d)
trap 'rm -rf "$bundle"' EXIT
"$here/../../node_modules/.bin/esbuild" "$here/record.ts" --bundle --platform=node --format=esm \
  --log-level=warning --outfile="$bundle/record.mjs"
node "$bundle/record.mjs" "$here" "$@"
