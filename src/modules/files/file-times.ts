/** `access_time` and `modification_time` of the file module. */
import { PyFloat } from "../../values/model.ts";
import { pathWord } from "../lib/bytes.ts";
import { fail } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { Fields, type Status } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext } from "../module.ts";

/** `preserve`, `now`, or the time as `touch -t` takes it. */
type Time = "preserve" | "now" | { readonly stamp: string };

export interface WantedTimes {
  readonly accessed: Time;
  readonly modified: Time;
}

export function wantedTimes(args: Arguments, isTouch: boolean): WantedTimes {
  const read = (name: string): Time => {
    const value = textOption(args, name) ?? (isTouch ? "now" : "preserve");
    if (value === "now" || value === "preserve") return value;
    return { stamp: parseTime(value, textOption(args, `${name}_format`) ?? "", name) };
  };
  return { accessed: read("access_time"), modified: read("modification_time") };
}

const PARTS: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{4})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  y: "(?<y>\\d{2})",
};

/** A time in a strptime format of numeric parts, as `touch -t` takes it. */
function parseTime(value: string, format: string, name: string): string {
  let pattern = "";
  for (const [part] of format.matchAll(/%.|[^%]/gs)) {
    if (part.startsWith("%")) {
      const known = part === "%%" ? "%" : PARTS[part.charAt(1)];
      if (known === undefined) {
        fail(`${name}_format: the directive ${part} is not supported, only numeric ones are`);
      }
      pattern += known;
    } else pattern += part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  }
  const groups = new RegExp(`^${pattern}$`).exec(value)?.groups;
  if (!groups) {
    fail(
      `Error while obtaining timestamp for time ${value} using format ${format}: time data '${value}' does not match format '${format}'`,
    );
  }
  const two = (key: string, other: string) => (groups[key] ?? other).padStart(2, "0");
  const short = Number(groups.y ?? "0");
  const year =
    groups.Y ?? String(groups.y === undefined ? 1900 : short + (short < 69 ? 2000 : 1900));
  return `${year}${two("m", "1")}${two("d", "1")}${two("H", "0")}${two("M", "0")}.${two("S", "0")}`;
}

/** Sets the times that are wanted; in check mode it is only told. */
export async function applyTimes(
  context: ModuleContext,
  path: string,
  status: Status,
  wanted: WantedTimes,
  isNew: boolean,
): Promise<{
  readonly changed: boolean;
  readonly before: Record<string, Data>;
  readonly after: Record<string, Data>;
  readonly status: Status;
}> {
  const none = { changed: false, before: {}, after: {}, status };
  if (wanted.accessed === "preserve" && wanted.modified === "preserve") return none;
  const commands = [
    ...touchCommand("-m", wanted.modified, isNew),
    ...touchCommand("-a", wanted.accessed, isNew),
  ];
  const both = wanted.accessed === "now" && wanted.modified === "now";
  if (context.checkMode) {
    return { ...none, changed: wanted.accessed === "now" || wanted.modified === "now" };
  }
  if (commands.length === 0) return { ...none, changed: true };
  const script = `p=${pathWord(path)}\n${both ? 'touch -c "$p"' : commands.join(" && ")} || exit 1\nlb_st "$p"`;
  const result = await context.sh(script);
  if (result.rc !== 0) {
    fail(`Error while updating modification or access time: ${result.stderr.toString().trim()}`, {
      path,
    });
  }
  const next = new Fields(result.stdout).status() ?? status;
  const before: Record<string, Data> = {};
  const after: Record<string, Data> = {};
  for (const [name, old, now] of [
    ["mtime", status.modified, next.modified],
    ["atime", status.accessed, next.accessed],
  ] as const) {
    if (old === now) continue;
    before[name] = new PyFloat(old);
    after[name] = new PyFloat(now);
  }
  const changed = both || Object.keys(after).length > 0;
  return { changed, before, after, status: next };
}

function touchCommand(flag: string, time: Time, isNew: boolean): string[] {
  if (time === "preserve" || (time === "now" && isNew)) return [];
  return [time === "now" ? `touch -c ${flag} "$p"` : `touch -c ${flag} -t ${time.stamp} "$p"`];
}
