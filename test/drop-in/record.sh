#!/bin/sh
# Records what Ansible's own programs print: needs ansible-core. Run where a change is wanted.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/files" || exit 1
export ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0
grep -v '^#' ../cases.txt | while IFS='|' read -r name command; do
  name=$(echo "$name" | tr -d ' ')
  { eval "$command" 2>/dev/null </dev/null; echo "exit $?"; } |
    sed "s#$here/files#@#g" >"../golden/$name.txt"
done
