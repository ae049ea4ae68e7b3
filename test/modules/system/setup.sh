# What both sides start from.
export DEBIAN_FRONTEND=noninteractive
apt-get update >&2
apt-get install -y --no-install-recommends cron tzdata netbase >&2
service cron stop >&2 || true
