/** What stands at a path of the target: lstat(2) and stat(2), read by the prelude's `lb_st`. */
import { EnvironmentError } from "../../errors/index.ts";
import type { Data, ModuleContext } from "../module.ts";
import { decodeBytes, pathWord } from "./bytes.ts";
import { octal } from "./mode.ts";

export type FileKind = "file" | "directory" | "link" | "char" | "block" | "fifo" | "socket";

export interface Status {
  readonly kind: FileKind;
  /** Permission bits, with set-user-ID, set-group-ID and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The name, or the number where there is none. */
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  readonly inode: number;
  readonly device: number;
  readonly links: number;
  /** Seconds since 1970, with the fraction that the target's `stat` shows. */
  readonly accessed: number;
  readonly modified: number;
  readonly changed: number;
  readonly blocks: number;
  readonly blockSize: number;
  /** `st_rdev`. */
  readonly deviceType: number;
  /** Of a symbolic link: what it holds. */
  readonly target: string | undefined;
}

const KINDS: Readonly<Record<number, FileKind>> = {
  1: "fifo",
  2: "char",
  4: "directory",
  6: "block",
  8: "file",
  10: "link",
  12: "socket",
};

/** Reads NUL-ended fields of a script's output one after the other. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  /** The next field as bytes; empty when there are no more. */
  bytes(): Buffer {
    const end = this.#bytes.indexOf(0, this.#at);
    const field = this.#bytes.subarray(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    return field;
  }
  text(): string {
    return decodeBytes(this.bytes());
  }
  /** What `lb_st` printed. */
  status(): Status | undefined {
    const fields = this.text().trim();
    const target = this.text();
    return parseStatus(fields, target);
  }
  /** All that is left. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}

/** One line in the format `lb_F`; `-` for nothing. */
export function parseStatus(text: string, target: string): Status | undefined {
  if (text === "-") return undefined;
  const f = text.split("|");
  if (f.length !== 19) {
    throw new EnvironmentError("the target's stat program does not answer as expected", {
      hint: "The target needs `stat -c` of GNU coreutils or busybox.",
    });
  }
  const raw = Number.parseInt(f[0] ?? "0", 16);
  const kind = KINDS[raw >> 12] ?? "file";
  const major = Number.parseInt(f[14] ?? "0", 16);
  const minor = Number.parseInt(f[15] ?? "0", 16);
  return {
    kind,
    mode: raw & 0o7777,
    uid: Number(f[1]),
    gid: Number(f[2]),
    owner: f[3] === "UNKNOWN" ? (f[1] ?? "") : (f[3] ?? ""),
    group: f[4] === "UNKNOWN" ? (f[2] ?? "") : (f[4] ?? ""),
    size: Number(f[5]),
    inode: Number(f[6]),
    device: Number(f[7]),
    links: Number(f[8]),
    accessed: seconds(f[9], f[16]),
    modified: seconds(f[10], f[17]),
    changed: seconds(f[11], f[18]),
    blocks: Number(f[12]),
    blockSize: Number(f[13]),
    deviceType:
      kind === "char" || kind === "block"
        ? (major << 8) + (minor & 0xff) + ((minor & ~0xff) << 12)
        : 0,
    target: kind === "link" ? target : undefined,
  };
}

/** @param shown the same time as people read it, the only place that has the fraction */
function seconds(whole: string | undefined, shown: string | undefined): number {
  const fraction = /\.(\d+)/.exec(shown ?? "")?.[1];
  return fraction ? Number(`${whole}.${fraction}`) : Number(whole);
}

/** The status of one path; `follow` looks behind symbolic links. */
export async function readStatus(
  context: ModuleContext,
  path: string,
  follow = false,
): Promise<Status | undefined> {
  const result = await context.sh(`lb_st ${pathWord(path)}${follow ? " L" : ""}`);
  return new Fields(result.stdout).status();
}

/** `state` of results: a file with further hard links is `hard`. */
export function stateOf(status: Status | undefined): string {
  if (!status) return "absent";
  if (status.kind === "link" || status.kind === "directory") return status.kind;
  return status.links > 1 ? "hard" : "file";
}

/** The values about a path that results of file modules have; none where nothing stands. */
export function pathInfo(status: Status | undefined): Record<string, Data> {
  if (!status) return {};
  return {
    uid: status.uid,
    gid: status.gid,
    owner: status.owner,
    group: status.group,
    mode: octal(status.mode),
    state: stateOf(status),
    size: status.size,
  };
}
