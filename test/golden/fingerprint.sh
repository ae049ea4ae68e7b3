#!/bin/sh
# Prints one line a path of this filesystem: path, type, mode, owner, group, and the digest of a file's
# content or a link's target. Run inside of a container; times are left out on purpose, and so is what
# Docker mounts.
cd / || exit 1
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /root/.ansible -o -path /etc/hostname -o -path /etc/hosts -o -path /etc/resolv.conf \) -prune \
  -o -printf '%p\t%y\t%m\t%U\t%G\t%l\n' | grep -v __pycache__ | LC_ALL=C sort >/tmp/fingerprint.paths
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /root/.ansible -o -path /etc/hostname -o -path /etc/hosts -o -path /etc/resolv.conf \) -prune \
  -o -type f -print0 | xargs -0 sha256sum | awk '{ sum = $1; sub(/^[0-9a-f]+  /, ""); print $0 "\t" sum }' >/tmp/fingerprint.sums
# The day of the last password change is a time, too.
for shadow in /etc/shadow /etc/shadow-; do
  [ -e $shadow ] || continue
  sum=$(sed 's/^\([^:]*:[^:]*:\)[^:]*/\1/' $shadow | sha256sum | cut -d' ' -f1)
  sed -i "s|^$shadow\t.*|$shadow\t$sum|" /tmp/fingerprint.sums
done
awk -F '\t' 'NR == FNR { sum[$1] = $2; next } { print $0 "\t" sum[$1] }' /tmp/fingerprint.sums /tmp/fingerprint.paths
rm -f /tmp/fingerprint.paths /tmp/fingerprint.sums
