/** `layerbook diff`: how two images, or two steps of builds, differ. */
import { Command } from "commander";
import { differenceOf } from "../../build/image-diff.ts";
import { manifestPath, shownPath } from "../../build/image-stack.ts";
import type { ExitCode } from "../../errors/index.ts";
import { coloursFor } from "../../report/colours.ts";
import { imageDiffText } from "../../report/image-diff-text.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { ImageStacks } from "../image-stacks.ts";

export const summary = "show how two images differ";

interface Flags {
  readonly path: string;
  readonly text: boolean;
  readonly insecure?: boolean;
  readonly store?: string;
  readonly json?: boolean;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook diff")
    .description(
      "Compares two images, or the states after two steps of their last builds: files, modes, owners,\n" +
        "links, attributes, texts, and the images' configurations. Exit code 1: they differ.",
    )
    .argument("<before>", "an image as for --from, or IMAGE:STEP: web:1:3, 'web:1:Install nginx'")
    .argument("<after>", "the same; ':STEP' is a step of the build that ended last")
    .option("--path <path>", "compare only what is there and below it", "")
    .option("--no-text", "say only that text files differ, not how")
    .option("--insecure", "talk to registries without TLS, or without checking certificates")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "as JSON");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [before = "", after = ""] = operands;
  const stacks = new ImageStacks(flags, context.signal);
  try {
    const difference = await differenceOf(
      await stacks.open(before, false),
      await stacks.open(after, false),
      manifestPath(flags.path),
    );
    if (flags.json) {
      const files = difference.files.map((file) => ({ ...file, path: shownPath(file.path) }));
      process.stdout.write(
        `${JSON.stringify({ before, after, ...difference, files }, plainTimes)}\n`,
      );
    } else {
      process.stdout.write(imageDiffText(difference, coloursFor(process.stdout), flags.text));
    }
    return difference.files.length + difference.config.length > 0 ? 1 : 0;
  } finally {
    await stacks.close();
  }
}

/** JSON has no integers as large as times in nanoseconds: seconds. */
function plainTimes(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value / 1_000_000n) / 1000 : value;
}
