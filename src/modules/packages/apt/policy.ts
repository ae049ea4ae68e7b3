/** Keeps the scripts of packages from starting daemons while apt runs, without leaving a trace. */

const PATH = "/usr/sbin/policy-rc.d";

/**
 * Shell lines before and after apt. `invoke-rc.d` and `deb-systemd-invoke` ask the policy program
 * whether they may act; 101 forbids it, as in Docker's own Debian images.
 * @param code exit code of the policy; `undefined` leaves the target as it is
 * @param replace whether a policy that is there is put aside (as `policy_rc_d` asks for)
 */
export function policyScript(
  code: number | undefined,
  replace: boolean,
): { readonly before: string; readonly after: string } {
  if (code === undefined) return { before: "", after: "" };
  const write = `printf '#!/bin/sh\\nexit ${code}\\n' >${PATH} && chmod 755 ${PATH}`;
  return replace
    ? {
        before: `lb_old=; if [ -e ${PATH} ]; then lb_old=${PATH}.layerbook-$$; mv ${PATH} "$lb_old"; fi\n${write}`,
        after: `rm -f ${PATH}; if [ -n "$lb_old" ]; then mv "$lb_old" ${PATH}; fi`,
      }
    : {
        before: `lb_made=; if [ ! -e ${PATH} ] && [ -d /usr/sbin ]; then lb_made=1; ${write}; fi`,
        after: `if [ -n "$lb_made" ]; then rm -f ${PATH}; fi`,
      };
}
