/** `layerbook layers`: what each layer of an image is, and whether the image is within limits. */
import { Command } from "commander";
import { shownPath } from "../../build/image-stack.ts";
import { type SizeReport, sizesOf } from "../../build/layer-sizes.ts";
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { formatBytes } from "../../report/build-rows.ts";
import { coloursFor } from "../../report/colours.ts";
import { layersText, percentOf } from "../../report/layers-text.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { ImageStacks } from "../image-stacks.ts";

export const summary = "show an image's layers by task, and what is wasted";

interface Flags {
  readonly files?: boolean;
  readonly steps?: boolean;
  readonly maxSize?: string;
  readonly maxWaste?: string;
  readonly insecure?: boolean;
  readonly store?: string;
  readonly json?: boolean;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook layers")
    .description(
      "Shows an image's layers: the tasks behind them, sizes, files added, changed and removed, and bytes\n" +
        "that a later layer removes or replaces. Exit code 2: a limit is exceeded.",
    )
    .argument("<image>", "as for --from: web:1, oci-archive:web.tar")
    .option("--files", "list the files that each layer changes")
    .option("--steps", "what each task left, before small layers were joined; of images built here")
    .option("--max-size <size>", "fail when the image is larger: 200MB, 1GB")
    .option("--max-waste <size>", "fail when more is wasted: 5%, 10MB")
    .option("--insecure", "talk to registries without TLS, or without checking certificates")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "as JSON");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const limits = [limitOf(flags.maxSize, "--max-size"), limitOf(flags.maxWaste, "--max-waste")];
  const [name = ""] = operands;
  const stacks = new ImageStacks(flags, context.signal);
  try {
    const stack = await stacks.open(name, flags.steps === true);
    const report = await sizesOf(stack);
    const files = flags.files === true;
    if (flags.json) process.stdout.write(`${asJson(name, stack.id, report, files)}\n`);
    else {
      const width = process.stdout.columns ?? 120;
      process.stdout.write(layersText(report, coloursFor(process.stdout), width, files));
    }
    check(name, report, limits[0], limits[1]);
    return 0;
  } finally {
    await stacks.close();
  }
}

function asJson(image: string, id: string, report: SizeReport, files: boolean): string {
  const layers = report.layers.map((layer) => ({
    ...layer,
    files: files ? layer.files.map((file) => ({ ...file, path: shownPath(file.path) })) : undefined,
  }));
  const wastedFiles = report.wastedFiles.map((file) => ({ ...file, path: shownPath(file.path) }));
  return JSON.stringify({ image, id, ...report, layers, wastedFiles });
}

/** Bytes, or a share of the image. */
interface Limit {
  readonly text: string;
  readonly bytes?: number;
  readonly percent?: number;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** @throws UsageError for what is no size */
function limitOf(text: string | undefined, flag: string): Limit | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(%|[kmg]?i?b?)$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase() ?? "";
  const factor = UNITS[unit] ?? UNITS[`${unit}b`];
  if (!match || (unit === "%" ? flag === "--max-size" : factor === undefined)) {
    throw new UsageError(`${flag} ${text}: no size`, {
      hint: `Write ${flag === "--max-size" ? "" : "5% or "}200MB, 1.5GB, 64KiB.`,
    });
  }
  const value = Number(match[1]);
  return unit === "%" ? { text, percent: value } : { text, bytes: value * (factor ?? 1) };
}

/** @throws LayerbookError when a limit is exceeded */
function check(
  name: string,
  report: SizeReport,
  size: Limit | undefined,
  waste: Limit | undefined,
): void {
  const problems: string[] = [];
  if (size?.bytes !== undefined && report.bytes > size.bytes) {
    problems.push(`${name} is ${formatBytes(report.bytes)} large, --max-size is ${size.text}`);
  }
  const tooMuch =
    waste?.percent === undefined
      ? waste?.bytes !== undefined && report.wasted > waste.bytes
      : report.wasted > (report.bytes * waste.percent) / 100;
  if (waste && tooMuch) {
    const wasted = `${formatBytes(report.wasted)} (${percentOf(report)} %)`;
    problems.push(`${name} wastes ${wasted}, --max-waste is ${waste.text}`);
  }
  if (problems.length === 0) return;
  throw new LayerbookError(problems.join("\n"), {
    hint: "Remove files in the task that writes them, or join layers with --layers.",
    exitCode: 2,
  });
}
