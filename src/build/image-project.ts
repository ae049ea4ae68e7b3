/** An image as a project file or the command line describes it. */
import type { ConfigOverrides } from "./assemble.ts";
import type { LayerPolicy } from "./layering.ts";

/** One image to build, paths resolved against the project file. */
export interface ImageProject {
  /** Key under `images`, or the folder's name. */
  readonly name: string;
  readonly from: string;
  readonly playbooks: readonly string[];
  readonly tags: readonly string[];
  readonly to: string | undefined;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly config: ConfigOverrides;
  readonly layers: LayerPolicy | undefined;
  readonly services: "defer" | "run" | "fail" | undefined;
  readonly network: "host" | "none" | undefined;
  readonly inventory: readonly string[];
  readonly host: string | undefined;
}

/** As in a Dockerfile: a list is the arguments, a string goes to a shell. */
export function toCommand(value: string | readonly string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? ["/bin/sh", "-c", value] : [...value];
}
