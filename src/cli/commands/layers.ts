/** `layerbook layers`: what each layer of an image is. */
import { resolve } from "node:path";
import { Command } from "commander";
import { recallLayers } from "../../build/layer-rows.ts";
import { StepStore } from "../../build/step-store.ts";
import { type ExitCode, LayerbookError } from "../../errors/index.ts";
import { formatBytes } from "../../report/build-rows.ts";
import { coloursFor } from "../../report/colours.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { ImagePlaces } from "../image-places.ts";
import { storeRoot } from "../store-root.ts";

export const summary = "show an image's layers by task";

interface Flags {
  readonly store?: string;
  readonly json?: boolean;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook layers")
    .description("Shows the layers of an image that was built here: tasks, sizes, paths changed.")
    .argument("<image>", "as for --from: web:1, oci-archive:web.tar")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "as JSON");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [name = ""] = operands;
  const root = flags.store ? resolve(flags.store) : storeRoot();
  const places = new ImagePlaces(root);
  try {
    const { transport, reference } = await places.source(name);
    const options = { signal: context.signal };
    const identity =
      (await transport.identify(reference, options)) ??
      (await transport.read(reference, options)).id;
    const table = recallLayers(new StepStore(root), identity);
    if (!table) {
      throw new LayerbookError(`the store does not know the image ${name} (${identity})`, {
        hint: "Its layers are known where it was built. Build it here, or name the store with --store.",
      });
    }
    if (flags.json)
      process.stdout.write(`${JSON.stringify({ image: name, id: identity, ...table })}\n`);
    else process.stdout.write(asText(table));
    return 0;
  } finally {
    places.close();
  }
}

function asText(table: NonNullable<ReturnType<typeof recallLayers>>): string {
  const colours = coloursFor(process.stdout);
  const lines = [colours.bold("    SIZE  WRITTEN  REMOVED  TASKS")];
  for (const layer of table.layers) {
    const numbers = [
      formatBytes(layer.bytes).padStart(8),
      String(layer.written).padStart(8),
      String(layer.removed).padStart(8),
    ].join(" ");
    const [first = "", ...more] = layer.tasks;
    lines.push(`${numbers}  ${first}`, ...more.map((task) => `${" ".repeat(28)}${task}`));
  }
  const total = table.layers.reduce((sum, layer) => sum + layer.bytes, 0);
  lines.push(
    colours.dim(
      `${formatBytes(total).padStart(8)} in ${table.layers.length} layers, on ${table.base} of the base image`,
    ),
  );
  return `${lines.join("\n")}\n`;
}
