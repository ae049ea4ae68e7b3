/** The account files of a target: reading them, and rewriting them where no tool does it. */
import { quote } from "../../connection/connection.ts";
import { linesOf } from "./sections.ts";

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export interface ShadowEntry {
  readonly name: string;
  readonly password: string;
  readonly min: string;
  readonly max: string;
  readonly warn: string;
  readonly inactive: string;
  /** Days since 1970, or empty. */
  readonly expires: string;
}

/**
 * Script parts `passwd`, `group` and `shadow`. A name that the files do not have is asked of the
 * name service too (LDAP and the like), where `getent` is there.
 * @param name the account that matters
 * @param database whose entry it is
 */
export function reportAccounts(name: string, database: "passwd" | "group"): string {
  return `
lb_name=${quote(name)}
lb_get() {
  printf '\\001%s\\n' "$1"
  lb_t=
  if [ -r "/etc/$1" ]; then lb_t=$(cat "/etc/$1"); printf '%s\\n' "$lb_t"; fi
  [ "$1" = ${database} ] || return 0
  case "
$lb_t" in
    *"
$lb_name:"*) ;;
    *) if lb_have getent; then getent "$1" "$lb_name"; fi ;;
  esac
}
lb_get passwd; lb_get group; lb_get shadow
`;
}

export function parsePasswd(text: string | undefined): PasswdEntry[] {
  return fields(text, 7).map(([name = "", , uid, gid, comment = "", home = "", shell = ""]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell,
  }));
}

export function parseGroup(text: string | undefined): GroupEntry[] {
  return fields(text, 4).map(([name = "", , gid, members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter((member) => member !== ""),
  }));
}

export function parseShadow(text: string | undefined): ShadowEntry[] {
  return fields(text, 8).map((f) => ({
    name: f[0] ?? "",
    password: f[1] ?? "",
    min: f[3] ?? "",
    max: f[4] ?? "",
    warn: f[5] ?? "",
    inactive: f[6] ?? "",
    expires: f[7] ?? "",
  }));
}

function fields(text: string | undefined, least: number): string[][] {
  return linesOf(text)
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"))
    .filter((parts) => parts.length >= least);
}

/**
 * Replaces the line of one account in one of the files, or drops it.
 * @param text the file's content
 * @param edit gets the fields of the line; returns new fields or `undefined` to drop the line
 */
export function editEntry(
  text: string,
  name: string,
  edit: (fields: string[]) => readonly string[] | undefined,
): string {
  return text
    .split("\n")
    .flatMap((line) => {
      const parts = line.split(":");
      if (parts[0] !== name || line === "") return [line];
      const edited = edit(parts);
      return edited ? [edited.join(":")] : [];
    })
    .join("\n");
}

/**
 * Script that replaces an account file by its standard input: the new file has the mode and owner of
 * the old one and takes its place in one rename.
 */
export function replaceAccountFile(path: string): string {
  return `cp -p ${path} ${path}+ && cat >${path}+ && mv -f ${path}+ ${path}`;
}
