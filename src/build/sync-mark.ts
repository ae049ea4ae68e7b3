/**
 * What a power cut may have torn is not trusted, and no build waits for the disk.
 *
 * A record written in this boot of the machine is as good as the kernel's page cache, even if the
 * writer is killed. A record of an earlier boot is good only if the file system was synced after it
 * was written. So each record carries its boot, and one detached `sync` at the end of a build leaves
 * a mark: "of this boot, everything until that moment is on the disk".
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class SyncMark {
  /** Identity of the running boot. Without Linux's own, the process: such records live one run. */
  readonly boot: string;
  readonly #directory: string;

  constructor(root: string) {
    this.#directory = join(root, "synced");
    this.boot = bootId();
  }

  /** Is what was written in that boot, at that time (Unix ms), surely on the disk or in the cache? */
  trusts(boot: string, writtenMs: number): boolean {
    if (boot === this.boot) return true;
    const mark = statSync(join(this.#directory, boot), { throwIfNoEntry: false });
    return mark !== undefined && mark.mtimeMs >= writtenMs;
  }

  /** Starts the sync and returns at once; the process goes on after Layerbook has ended. */
  start(): void {
    mkdirSync(this.#directory, { recursive: true });
    const temporary = join(this.#directory, `.${process.pid}.tmp`);
    writeFileSync(temporary, "");
    // The mark's time is that of its creation, before the sync began: the rename keeps it.
    spawn(
      "sh",
      [
        "-c",
        'sync -f "$1" 2>/dev/null || sync; mv "$1" "$2"',
        "sh",
        temporary,
        join(this.#directory, this.boot),
      ],
      {
        stdio: "ignore",
        detached: true,
      },
    ).unref();
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `process-${process.pid}-${Date.now()}`;
  }
}
