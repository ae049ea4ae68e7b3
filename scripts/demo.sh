#!/usr/bin/env bash
# `npm run demo`: from a fresh clone to a page served by an image that a role made.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh demo
node scripts/build.mjs
exec node scripts/demo.mjs
