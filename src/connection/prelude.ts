/**
 * Shell functions that every script may call. POSIX sh with coreutils or busybox; no function writes
 * anything that its caller did not ask for. They are sent once to each shell, because a shell reads
 * its script byte by byte (0.7 ms a kilobyte) and a task should not pay for them.
 *
 * - `lb_have PROGRAM`: is it there?
 * - `lb_st PATH [L]`: what stands at the path (`L`: behind its links), as two fields that end in NUL:
 *   the format `lb_F` or `-` for nothing, and the target of a symbolic link.
 *   `src/modules/lib/status.ts` reads it. The first field stays in `lb_s`.
 * - `lb_sum PATH SIZE`: after `lb_st`, the SHA-1 of a regular file of that size, ended by NUL;
 *   otherwise only the NUL.
 */
export const PRELUDE = `
umask 022
lb_have() { command -v "$1" >/dev/null 2>&1; }
lb_F='%f|%u|%g|%U|%G|%s|%i|%d|%h|%X|%Y|%Z|%b|%o|%t|%T|%x|%y|%z'
lb_st() {
  lb_s=-
  if [ "$2" != L ] && [ -h "$1" ]; then
    lb_s=$(stat -c "$lb_F" -- "$1")
    printf '%s\\0' "$lb_s"
    readlink -n -- "$1"
  else
    if [ -e "$1" ]; then lb_s=$(stat -L -c "$lb_F" -- "$1"); fi
    printf '%s\\0' "$lb_s"
  fi
  printf '\\0'
}
lb_sum() {
  case $lb_s in 8*"|$2|"*) sha1sum <"$1" ;; esac
  printf '\\0'
}
`;
