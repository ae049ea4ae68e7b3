#!/usr/bin/env bash
# Records what real Ansible makes of examples/web: the lines of fingerprint.sh that its run adds to or
# takes from a Debian container. Needs ansible, docker, mmdebstrap; tests only read the result.
set -euo pipefail
cd "$(dirname "$0")"
image=layerbook-golden/debian:python
if [ -z "$(docker images -q "$image")" ]; then
  tar=$(mktemp -u).tar
  mmdebstrap --variant=minbase --include=python3 bookworm "$tar"
  docker import -c 'CMD ["bash"]' "$tar" "$image"
  rm -f "$tar"
fi
name=layerbook-golden-web
docker rm -f "$name" >/dev/null 2>&1 || true
docker run -d --name "$name" "$image" sleep 3600 >/dev/null
trap 'docker rm -f "$name" >/dev/null' EXIT
docker cp fingerprint.sh "$name":/tmp/fingerprint.sh
docker exec "$name" sh /tmp/fingerprint.sh >before.tmp
(cd ../../examples/web && ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 \
  ansible-playbook -i "$name," -c community.docker.docker play.yml)
docker exec "$name" sh /tmp/fingerprint.sh >after.tmp
LC_ALL=C diff before.tmp after.tmp | grep '^[<>]' | LC_ALL=C sort -k2 >web.golden || true
rm -f before.tmp after.tmp
wc -l web.golden
