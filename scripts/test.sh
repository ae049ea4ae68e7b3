#!/usr/bin/env bash
# `npm test`: sets the machine up, checks formatting, types and import rules, bundles, and runs every
# test. Ends with `N passed, N failed`. Arguments go to vitest (`npm test -- src/template`).
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test || exit 1
projects=(--project unit)
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then
  . scripts/daemon.sh
  projects+=(--project root)
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

report=$(mktemp)
npx vitest run "${projects[@]}" --reporter=default --reporter=json --outputFile.json="$report" "$@"
status=$?
counts=$(node -e '
  const report = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  const broken = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.every((t) => t.status !== "failed")).length;
  console.log(report.numPassedTests, report.numFailedTests + broken);
' "$report" 2>/dev/null || echo "0 1")
rm -f "$report"
read -r passed failed <<<"$counts"
passed=$((passed + checks - failed_checks))
failed=$((failed + failed_checks))
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
