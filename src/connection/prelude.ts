/**
 * Shell functions that every script may call. POSIX sh with coreutils or busybox; no function writes
 * anything that its caller did not ask for.
 */
export const PRELUDE = `
umask 022
lb_have() { command -v "$1" >/dev/null 2>&1; }
`;
