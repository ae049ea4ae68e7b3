#!/usr/bin/env bash
# Measures Layerbook beside ansible-playbook and BuildKit in one run and prints ratios.
#   npm run bench                  everything
#   npm run bench -- reference     one benchmark: reference, thousand, start, hosts, copy
# Needs root, Debian's packages and a Docker daemon (one is started when none runs).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
. scripts/daemon.sh
npm run --silent build
node bench/main.mjs "$@"
