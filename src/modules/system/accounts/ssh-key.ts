/** The SSH key of a user, made by ssh-keygen in the target. */
import { quote } from "../../../connection/connection.ts";
import { flagOption, numberOption, textOption } from "../../lib/option-values.ts";
import { section } from "../../lib/sections.ts";
import type { Arguments } from "../../module.ts";
import type { Account, Wanted } from "./plan.ts";

const DEFAULT_COMMENT = "ansible-generated on $HOSTNAME";

/** The script; the passphrase is in `$lb_phrase`, which ssh-keygen reads from its input. */
export function sshKeyScript(wanted: Wanted, account: Account, args: Arguments): string {
  const type = textOption(args, "ssh_key_type") ?? "rsa";
  const bits = numberOption(args, "ssh_key_bits");
  const comment = textOption(args, "ssh_key_comment") ?? DEFAULT_COMMENT;
  const file = textOption(args, "ssh_key_file") ?? `.ssh/id_${type}`;
  const keep = account.sshKeyExists && flagOption(args, "force") !== true;
  const user = quote(wanted.name);
  return `
lb_home=$(awk -F: -v n=${user} '$1 == n { print $6 }' /etc/passwd)
lb_key=${quote(file)}; case "$lb_key" in /*) ;; *) lb_key=$lb_home/$lb_key;; esac
lb_dir=\${lb_key%/*}
if ! lb_have ssh-keygen; then echo 'Failed to find required executable "ssh-keygen"' >&2; exit 1; fi
${
  keep
    ? ""
    : `if [ ! -d "$lb_dir" ]; then mkdir -p "$lb_dir" && chmod 700 "$lb_dir" && chown ${user}: "$lb_dir" || exit; fi
${
  flagOption(args, "force") === true
    ? 'rm -f "$lb_key" "$lb_key.pub"'
    : `if [ -e "$lb_key.pub" ] || [ -L "$lb_key.pub" ]; then
  echo "Found existing ssh key public file \\"$lb_key.pub\\" without its private key, no force, so skipping ssh-keygen generation" >&2; exit 1
fi`
}
read -r lb_host </proc/sys/kernel/hostname
lb_comment=${comment === DEFAULT_COMMENT ? '"ansible-generated on $lb_host"' : quote(comment)}
if [ -n "$lb_phrase" ]; then
  printf '%s\\n%s\\n' "$lb_phrase" "$lb_phrase" | ssh-keygen -q -t ${quote(type)} ${bits === undefined ? "" : `-b ${bits}`} -C "$lb_comment" -f "$lb_key" || exit
else
  ssh-keygen -q -t ${quote(type)} ${bits === undefined ? "" : `-b ${bits}`} -C "$lb_comment" -f "$lb_key" -N '' || exit
fi
chown ${user}: "$lb_key" "$lb_key.pub" || exit`
}
${section("keyfile")}; printf '%s\\n' "$lb_key"
${section("fingerprint")}; ssh-keygen -l -f "$lb_key"
${section("public")}; cat "$lb_key.pub"`;
}
