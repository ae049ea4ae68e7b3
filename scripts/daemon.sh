# Sourced: makes sure that a Docker daemon answers; ends the one it started when the script ends.
if ! docker version >/dev/null 2>&1; then
  if [ "$(id -u)" != 0 ]; then
    echo "A Docker daemon is needed, and starting one needs root." >&2
    exit 1
  fi
  daemon_log=$(mktemp)
  dockerd >"$daemon_log" 2>&1 &
  daemon_pid=$!
  trap 'kill $daemon_pid 2>/dev/null; wait $daemon_pid 2>/dev/null; rm -f "$daemon_log"' EXIT
  for _ in $(seq 60); do
    docker version >/dev/null 2>&1 && break
    sleep 0.5
  done
  if ! docker version >/dev/null 2>&1; then
    tail -n 20 "$daemon_log" >&2
    exit 1
  fi
fi
