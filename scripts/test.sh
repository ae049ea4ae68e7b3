#!/usr/bin/env bash
# `npm test`: sets the machine up, checks formatting, types and import rules, bundles, and runs every
# test. Ends with `N passed, N failed`. Arguments go to vitest (`npm test -- src/template`).
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test || exit 1
projects=(--project unit)
root=
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then
  . scripts/daemon.sh
  projects+=(--project root)
  root=yes
else
  echo "Not root on Linux: tests of namespaces, Docker and packages are left out."
fi

failed_checks=0
checks=0
check() {
  checks=$((checks + 1))
  echo "== $1"
  shift
  "$@" || failed_checks=$((failed_checks + 1))
}
check "bundle" node scripts/build.mjs
check "generated files are up to date" git diff --exit-code --stat -- '*.generated.ts' schema docs/compatibility.md
check "format, lint, import rules" npx biome check --error-on-warnings .
check "types" npx tsc --noEmit

# The counts of a report: passed, failed. A file that cannot be read is a failure.
counts() {
  node -e '
    const report = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const broken = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.every((t) => t.status !== "failed")).length;
    console.log(report.numPassedTests, report.numFailedTests + broken);
  ' "$1" 2>/dev/null || echo "0 1"
}
reports=$(mktemp -d)
run() {
  local name=$1
  shift
  npx vitest run --passWithNoTests --reporter=default --reporter=json --outputFile.json="$reports/$name.json" "$@"
}
beside=
if [ -n "$root" ]; then
  run store --project store "$@" >"$reports/store.txt" 2>&1 &
  beside=$!
fi
run main "${projects[@]}" "$@"
status=$?
read -r passed failed <<<"$(counts "$reports/main.json")"
if [ -n "$beside" ]; then
  wait "$beside" || status=1
  cat "$reports/store.txt"
  read -r more_passed more_failed <<<"$(counts "$reports/store.json")"
  passed=$((passed + more_passed))
  failed=$((failed + more_failed))
fi
rm -rf "$reports"
passed=$((passed + checks - failed_checks))
failed=$((failed + failed_checks))
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
