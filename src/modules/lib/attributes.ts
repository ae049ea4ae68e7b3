/** Owner, group, mode and flags of a path: the options that all file modules share, and applying them. */
import type { Arguments, Data, ModuleContext, OptionSpec } from "../module.ts";
import { pathWord, word } from "./bytes.ts";
import { fail } from "./failure.ts";
import { octal, resolveMode } from "./mode.ts";
import { flagOption, textOption } from "./option-values.ts";
import { Fields, pathInfo, type Status } from "./status.ts";

const NO_SELINUX = "Files have no SELinux context where SELinux is not enabled.";

/** The options; a module's spec spreads them. */
export const ATTRIBUTE_OPTIONS = {
  mode: { type: "raw", description: "Permissions: octal, or symbolic as chmod has it." },
  owner: { type: "str", description: "Name or number of the user who shall own it." },
  group: { type: "str", description: "Name or number of the group that shall own it." },
  attributes: {
    type: "str",
    aliases: ["attr"],
    description: "Flags as chattr has them; `=` is assumed where no operator is given.",
  },
  unsafe_writes: {
    type: "bool",
    default: false,
    description: "Write into the file where it cannot be replaced (a mount point in a container).",
  },
  seuser: { type: "str", description: "SELinux user.", noEffect: NO_SELINUX },
  serole: { type: "str", description: "SELinux role.", noEffect: NO_SELINUX },
  setype: { type: "str", description: "SELinux type.", noEffect: NO_SELINUX },
  selevel: { type: "str", description: "SELinux level.", noEffect: NO_SELINUX },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** What those options ask for. */
export interface WantedAttributes {
  readonly mode?: Data | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly attributes?: string | undefined;
}

export function wantedAttributes(args: Arguments): WantedAttributes {
  return {
    mode: args.mode ?? undefined,
    owner: textOption(args, "owner"),
    group: textOption(args, "group"),
    attributes: textOption(args, "attributes"),
  };
}

export function unsafeWrites(args: Arguments): boolean {
  return flagOption(args, "unsafe_writes") ?? false;
}

/** What {@link applyAttributes} did, or would do. */
export interface AttributeChange {
  readonly changed: boolean;
  /** The values that differ, as they were and as they are: part of a diff. */
  readonly before: Readonly<Record<string, Data>>;
  readonly after: Readonly<Record<string, Data>>;
  /** What stands there afterwards. */
  readonly status: Status;
}

/** Does an account argument (a name or a number) mean what the path has? */
function isAccount(wanted: string, id: number, name: string): boolean {
  return wanted === name || (/^\d+$/.test(wanted) && Number(wanted) === id);
}

/**
 * Gives a path the owner, group, mode and flags that are wanted. One round trip if something
 * differs, none otherwise; in check mode nothing is done.
 *
 * @param status what stands at the path now (the link itself, not what is behind it)
 * @throws ModuleFailure for unknown accounts, bad modes, and what the target refuses
 */
export async function applyAttributes(
  context: ModuleContext,
  path: string,
  status: Status,
  wanted: WantedAttributes,
): Promise<AttributeChange> {
  const owner = wanted.owner;
  const group = wanted.group;
  const mode =
    wanted.mode === undefined
      ? status.mode
      : inPlace(path, status, () =>
          resolveMode(wanted.mode ?? null, status.mode, status.kind === "directory"),
        );
  const chown = owner !== undefined && !isAccount(owner, status.uid, status.owner);
  const chgrp = group !== undefined && !isAccount(group, status.gid, status.group);
  const chmod = mode !== status.mode;
  if (!chown && !chgrp && !chmod && wanted.attributes === undefined) {
    return { changed: false, before: {}, after: {}, status };
  }
  const commands: string[] = [];
  if (chown || chgrp) {
    const account = `${chown ? owner : ""}${chgrp ? `:${group}` : ""}`;
    commands.push(`chown -h ${word(account)} "$p" || exit 22`);
  }
  // A link's own mode cannot be changed. Changing the owner clears set-user-ID, so the mode follows.
  const special = (chown || chgrp) && (mode & 0o6000) !== 0;
  if ((chmod || special) && status.kind !== "link") {
    commands.push(`chmod ${mode.toString(8)} "$p" || exit 23`);
  }
  let next = status;
  if (context.checkMode) {
    next = await expectedStatus(context, path, status, {
      ...(chown ? { owner } : {}),
      ...(chgrp ? { group } : {}),
      mode: status.kind === "link" ? status.mode : mode,
    });
  } else if (commands.length > 0) {
    const script = `p=${pathWord(path)}\n${commands.join("\n")}\nlb_st "$p"`;
    const result = await context.sh(script);
    if (result.rc !== 0) attributeFailure(path, status, result.rc, result.stderr, owner, group);
    next = new Fields(result.stdout).status() ?? status;
  }
  const before: Record<string, Data> = {};
  const after: Record<string, Data> = {};
  const differs = (name: string, old: Data, now: Data, told = old !== now) => {
    if (!told) return;
    before[name] = old;
    after[name] = now;
  };
  differs("owner", status.uid, next.uid);
  differs("group", status.gid, next.gid);
  differs("mode", octal(status.mode), octal(mode));
  const flags =
    wanted.attributes === undefined
      ? undefined
      : await applyFlags(context, path, wanted.attributes, differs);
  const changed =
    next.uid !== status.uid ||
    next.gid !== status.gid ||
    next.mode !== status.mode ||
    flags === true;
  return { changed, before, after, status: next };
}

/** Adds what is known of the path to a failure. */
function inPlace<T>(path: string, status: Status, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error) || !("result" in error)) throw error;
    const { msg, failed: _, ...rest } = error.result as Record<string, Data>;
    return fail(String(msg), { path, ...rest, ...pathInfo(status) });
  }
}

/**
 * Fails as the original does when owner or mode cannot be set.
 * @param rc 22: chown failed, 23: chmod failed
 */
export function attributeFailure(
  path: string,
  status: Status | undefined,
  rc: number,
  stderr: Buffer,
  owner: string | undefined,
  group: string | undefined,
): never {
  const said = stderr.toString().trim();
  const info = { path, ...(status ? pathInfo(status) : {}) };
  if (rc === 23) return fail("chmod failed", { ...info, details: said });
  if (/(?:invalid|unknown).*group/i.test(said)) {
    return fail(`chgrp failed: failed to look up group ${group}`, info);
  }
  if (/(?:invalid|unknown).*user/i.test(said)) {
    return fail(`chown failed: failed to look up user ${owner}`, info);
  }
  return fail(owner === undefined ? "chgrp failed" : "chown failed", { ...info, details: said });
}

/** The status that a change would lead to; unknown accounts fail as they would fail then. */
async function expectedStatus(
  context: ModuleContext,
  path: string,
  status: Status,
  wanted: { readonly owner?: string; readonly group?: string; readonly mode: number },
): Promise<Status> {
  const uid =
    wanted.owner === undefined ? status.uid : await accountId(context, "passwd", wanted.owner);
  if (uid === undefined) {
    return fail(`chown failed: failed to look up user ${wanted.owner}`, {
      path,
      ...pathInfo(status),
    });
  }
  const gid =
    wanted.group === undefined ? status.gid : await accountId(context, "group", wanted.group);
  if (gid === undefined) {
    return fail(`chgrp failed: failed to look up group ${wanted.group}`, {
      path,
      ...pathInfo(status),
    });
  }
  return {
    ...status,
    uid,
    gid,
    owner: wanted.owner ?? status.owner,
    group: wanted.group ?? status.group,
    mode: wanted.mode,
  };
}

/** The number of a user or group, or `undefined` if there is none of that name. */
export async function accountId(
  context: ModuleContext,
  database: "passwd" | "group",
  name: string,
): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  const result = await context.sh(
    `if lb_have getent; then getent ${database} ${word(name)}; else cat /etc/${database}; fi`,
  );
  const line = result.stdout
    .toString()
    .split("\n")
    .find((text) => text.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(":")[2]);
}

/** `attributes`: chattr(1) where the filesystem has such flags. */
async function applyFlags(
  context: ModuleContext,
  path: string,
  wanted: string,
  differs: (name: string, old: Data, now: Data, told?: boolean) => void,
): Promise<boolean> {
  const operator = /^[-+=]/.test(wanted) ? wanted.charAt(0) : "=";
  const flags = wanted.replace(/^[-+=]/, "");
  const p = pathWord(path);
  const listed = await context.sh(`lb_have lsattr && lsattr -d ${p} 2>/dev/null`);
  const existing = (listed.stdout.toString().split(" ")[0] ?? "").replaceAll("-", "");
  if (existing === flags && operator !== "-") return false;
  differs("attributes", existing, `${operator}${flags}`, true);
  if (!context.checkMode) {
    const result = await context.sh(`chattr ${operator}${word(flags)} ${p}`);
    if (result.rc !== 0) {
      fail("chattr failed", { path, details: `Error while setting attributes: ${result.stderr}` });
    }
  }
  return true;
}
