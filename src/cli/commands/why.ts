/** `layerbook why`: which tasks made a file of an image what it is. */
import { Command } from "commander";
import { historyOf } from "../../build/file-history.ts";
import { type ExitCode, UsageError } from "../../errors/index.ts";
import { coloursFor } from "../../report/colours.ts";
import { whyText } from "../../report/why-text.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { ImageStacks } from "../image-stacks.ts";
import { shorten } from "../show-error.ts";

export const summary = "show which tasks made a file of an image";

interface Flags {
  readonly insecure?: boolean;
  readonly store?: string;
  readonly json?: boolean;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook why")
    .description(
      "Shows which tasks created, changed or removed a path of an image, and where they stand. Exit code\n" +
        "1: nothing in the image was ever there.",
    )
    .argument("<image>", "as for --from: web:1, oci-archive:web.tar; web:1:STEP of its last build")
    .argument("<path>", "a path in the image: /etc/passwd")
    .option("--insecure", "talk to registries without TLS, or without checking certificates")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "as JSON");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [image = "", path = ""] = operands;
  const stacks = new ImageStacks(flags, context.signal);
  try {
    const history = await historyOf(await stacks.open(image, true), path);
    const { now, below, events } = history;
    if (flags.json) {
      const rows = events.map(({ what, parts, layer, before, after }) => ({
        what,
        parts,
        tasks: layer.tasks,
        origin: layer.origin,
        before: plain(before),
        after: plain(after),
      }));
      process.stdout.write(
        `${JSON.stringify({ image, path, events: rows, now: plain(now), below })}\n`,
      );
    } else if (events.length > 0) {
      const place = (position: { file: string; line: number }) =>
        `${shorten(position.file)}:${position.line}`;
      process.stdout.write(whyText(path, history, coloursFor(process.stdout), place));
    } else {
      throw new UsageError(`${image} never had ${path}`, {
        hint: "Is it a path from the root of the image? Links are not followed.",
        exitCode: 1,
      });
    }
    return events.length > 0 ? 0 : 1;
  } finally {
    await stacks.close();
  }
}

/** An entry as JSON can hold it. */
function plain(entry: { readonly mtime: bigint } | undefined): unknown {
  return entry && { ...entry, mtime: Number(entry.mtime / 1_000_000n) / 1000 };
}
