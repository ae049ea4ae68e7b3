#!/usr/bin/env bash
# Brings what the demo, the tests and the benchmarks need onto this machine:
#   scripts/setup.sh demo|test|bench
# As root on a Debian or Ubuntu machine it installs; elsewhere it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-demo}
version=$(node --version 2>/dev/null || true)
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
  echo "Node.js 20.19 or newer is needed (found: ${version:-none}). See https://nodejs.org." >&2
  exit 1
fi

if [ "$(uname -s)" = Linux ]; then
  missing=()
  need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing+=("$2"); }
  need tar tar
  need unshare util-linux
  need mmdebstrap mmdebstrap
  command -v crun >/dev/null 2>&1 || need runc crun
  if [ "$purpose" != demo ]; then
    need docker docker.io
    need podman podman
    need dockerd docker.io
    need newuidmap uidmap
    need getfattr attr
    need setcap libcap2-bin
    need zip zip
    need unzip unzip
    need bzip2 bzip2
    need xz xz-utils
    need git git
    need python3 python3
    need ssh-keygen openssh-client
    need sshd openssh-server
    need sudo sudo
    [ -x /bin/busybox ] || need busybox busybox-static
    need docker-registry docker-registry
    need tmux tmux
    need chromium chromium
    need openssl openssl
    need make make
    need svn subversion
    need setfacl acl
    need rsync rsync
    # Modules and plugins written in Python are run by it.
    need ansible-doc ansible
  fi
  if [ "$purpose" = bench ]; then need ansible-playbook ansible; need time time; fi
  if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      echo "Installing: ${missing[*]}"
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
      echo "Please install: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
      exit 1
    fi
  fi
fi

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --silent
fi
