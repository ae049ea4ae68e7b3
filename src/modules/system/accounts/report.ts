/** Asks the target about one account in one script. */
import { quote } from "../../../connection/connection.ts";
import { parseGroup, parsePasswd, reportAccounts } from "../../lib/accounts.ts";
import { parseSections, section } from "../../lib/sections.ts";
import type { Account, Wanted } from "./plan.ts";

/**
 * The script. Its first line of input is the wanted password, or empty: it is compared in the target,
 * so that no hash travels.
 * @param sshFile path of the SSH key, if one is wanted; may be relative to the home
 */
export function reportAccount(wanted: Wanted, sshFile: string | undefined): string {
  return `
IFS= read -r lb_pw
${reportAccounts(wanted.name, "passwd").replace("lb_get shadow", "lb_shadow=$(cat /etc/shadow 2>/dev/null)")}
lb_nl='
'
lb_line() {
  case "$lb_nl$1" in
    *"$lb_nl$lb_name:"*) lb_t="$lb_nl$1"; lb_t=\${lb_t#*"$lb_nl$lb_name:"}; printf '%s' "\${lb_t%%"$lb_nl"*}";;
  esac
}
lb_bare() { lb_t=$1; while :; do case "$lb_t" in '!'*) lb_t=\${lb_t#!};; *) break;; esac; done; }
lb_e=$(lb_line "$lb_shadow")
if [ -n "$lb_e" ]; then ${section("inshadow")}; fi
lb_h=\${lb_e%%:*}
lb_bare "$lb_h"; lb_b=$lb_t
lb_bare "$lb_pw"
${section("shadow")}
case "$lb_h" in '!'*) printf 1;; *) printf 0;; esac
if [ "$lb_b" = "$lb_t" ]; then printf ':1:'; else printf ':0:'; fi
printf '%s\\n' "\${lb_e#*:}"
lb_home=${quote(wanted.home ?? "")}
if [ -z "$lb_home" ]; then
  lb_t=$(lb_line "$(cat /etc/passwd)")
  IFS=: read -r lb_a lb_a lb_a lb_a lb_home lb_a <<LB
$lb_t
LB
fi
${section("home")}; if [ -e "$lb_home" ]; then echo 1; fi
${section("tools")}
for lb_t in useradd luseradd usermod adduser addgroup chage; do if lb_have $lb_t; then echo $lb_t; fi; done
${section("path")}; printf %s "$PATH"
${
  sshFile === undefined
    ? ""
    : `lb_key=${quote(sshFile)}; case "$lb_key" in /*) ;; *) lb_key=$lb_home/$lb_key;; esac
${section("keyfile")}; printf '%s\\n' "$lb_key"
${section("keyexists")}; if [ -e "$lb_key" ]; then echo 1; fi`
}
`;
}

export function parseAccount(stdout: Buffer, name: string): Account {
  const parts = parseSections(stdout);
  const [locked, same, , min = "", max = "", warn = "", inactive = "", expires = ""] = (
    parts.get("shadow") ?? ""
  )
    .trimEnd()
    .split(":");
  return {
    entry: parsePasswd(parts.get("passwd")).find((entry) => entry.name === name),
    groups: parseGroup(parts.get("group")),
    shadow: {
      exists: parts.has("inshadow"),
      locked: locked === "1",
      samePassword: same === "1",
      min,
      max,
      warn,
      inactive,
      expires,
    },
    homeExists: parts.get("home") === "1\n",
    sshKeyFile: (parts.get("keyfile") ?? "").trimEnd(),
    sshKeyExists: parts.get("keyexists") === "1\n",
    tools: new Set((parts.get("tools") ?? "").split("\n")),
    path: parts.get("path") ?? "",
  };
}
