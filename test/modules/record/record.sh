#!/bin/sh
# Records what the real Ansible answers to the cases in ../cases: ../golden/NAME.jsonl, one line a task.
# Usage: record.sh [NAME...]   Needs ansible-playbook (ansible-core 2.14) and root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
mkdir -p "$top/golden"
python3 "$here/server.py" &
server=$!
trap 'kill $server' EXIT
[ $# -gt 0 ] || set -- $(cd "$top/cases" && ls | sed 's/\.yml$//')
for name; do
  scratch=/tmp/lbc-record
  work=$(mktemp -d)
  rm -rf "$scratch"
  mkdir "$scratch"
  ln -s "$top/files" "$work/files"
  {
    echo "- hosts: localhost"
    echo "  gather_facts: false"
    echo "  ignore_errors: true"
    echo "  vars: {d: $scratch, u: \"http://127.0.0.1:18765\", files: $top/files, ansible_python_interpreter: /usr/bin/python3}"
    echo "  tasks:"
    sed 's/^/    /' "$top/cases/$name.yml"
  } >"$work/play.yml"
  RECORD_OUT=$work/out RECORD_SCRATCH=$scratch ANSIBLE_CALLBACK_PLUGINS=$here/plugins \
    ANSIBLE_STDOUT_CALLBACK=recorded ANSIBLE_PIPELINING=1 ANSIBLE_LOCALHOST_WARNING=False \
    ansible-playbook -i localhost, -c local "$work/play.yml" || echo "$name: ended with $?" >&2
  # Paths of this machine and of the run have no place in what is checked in.
  sed -e "s#$scratch#@D@#g" -e "s#http://127.0.0.1:18765#@U@#g" -e "s#$top/files#@FILES@#g" -e "s#$work/files#@FILES@#g" -e "s#$work#@FILES@#g" \
    -e 's#/[^" ]*/ansible-tmp-[^" ]*/[^" ]*#@TMP@#g' -e 's#/[^" ]*/ansible-\(local\|moduletmp\)-[^" ]*#@TMP@#g' \
    "$work/out" >"$top/golden/$name.jsonl"
  rm -rf "$work" "$scratch"
done
