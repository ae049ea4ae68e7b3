/**
 * What the key of a step was made of, kept beside its outcome so that a later build can say what has
 * changed. Small values are kept as they are, large ones and secrets as digests.
 */
import type { Step } from "../engine/runner.ts";
import type { Data } from "../modules/module.ts";
import { secretOptions } from "../modules/validate.ts";
import type { Digest } from "../oci/image.ts";
import { PyFloat } from "../values/model.ts";
import { type Digestible, digestOf } from "./digest.ts";

/** Longer values are kept as digests. Characters of JSON. */
const LONGEST_VALUE = 600;
/** Longer rendered texts are kept as digests. Bytes. */
const LONGEST_TEXT = 8000;

/** A value of an argument: as it is, or what stands for it. */
export type KeptValue =
  | { readonly value: Data }
  | { readonly digest: Digest; readonly size: number }
  /** A secret: a digest that only this store can compute. */
  | { readonly hidden: Digest };

export interface KeptInput {
  /** Of a template: its name; of a file or folder: the last part of its path. */
  readonly name: string;
  readonly kind: "path" | "bytes";
  readonly digest: Digest;
  /** Rendered text, when it is short. */
  readonly text?: string;
}

/** The parts of a step's key, except for the filesystem it starts from. */
export interface StepParts {
  readonly module: string;
  readonly revision: string;
  readonly args: Readonly<Record<string, KeptValue>>;
  readonly inputs: readonly KeptInput[];
  /** User, method, flags, program. */
  readonly become: readonly (string | null)[];
  readonly environment: Readonly<Record<string, KeptValue>>;
  /**
   * Digest of the files that it can depend on, of steps that touch only certain paths and are not
   * secret; see {@link FilesView}.
   */
  readonly seen?: Digest | undefined;
  /** Check mode, diff mode, seconds of `async`. */
  readonly modes: readonly [boolean, boolean, number];
}

/** Parts as text: a replay does not look at them, and reading JSON within JSON costs little. */
export type EncodedParts = string;

export function encodeParts(parts: StepParts): EncodedParts {
  return JSON.stringify(parts, (_key, value: unknown) =>
    value instanceof PyFloat ? `float ${value.value}` : value,
  );
}

/**
 * Floats come back as texts: parts are compared and shown, never used as values.
 * @returns `undefined` for what another version wrote: that a build can say less is no failure of it
 */
export function decodeParts(text: EncodedParts | undefined): StepParts | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const parts = JSON.parse(text) as Partial<StepParts>;
    const { module, args, environment, inputs, become, modes } = parts;
    return module && args && environment && inputs && become && modes
      ? (parts as StepParts)
      : undefined;
  } catch {
    return undefined;
  }
}

/** An input of a step with what it holds now. */
export type FoundInput =
  | { readonly kind: "path"; readonly path: string; readonly digest: Digest }
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: string | Uint8Array };

/** @param hide gives a digest that tells nothing about what it is of */
export function partsOf(
  step: Step,
  inputs: readonly FoundInput[],
  seen: Digest | undefined,
  hide: (digest: Digest) => Digest,
): StepParts {
  const secret = new Set(secretOptions(step.module.module.spec));
  const args: Record<string, KeptValue> = {};
  for (const [name, value] of Object.entries(step.args)) {
    if (value !== undefined) args[name] = secret.has(name) ? hidden(value, hide) : kept(value);
  }
  const environment: Record<string, KeptValue> = {};
  for (const [name, value] of Object.entries(step.environment)) environment[name] = kept(value);
  return {
    module: step.module.name,
    revision: step.module.revision,
    args,
    inputs: inputs.map(keptInput),
    become: becomeOf(step),
    environment,
    ...(seen && { seen }),
    modes: [step.checkMode, step.diffMode, step.async],
  };
}

export function becomeOf(step: Step): (string | null)[] {
  const { user, method, flags, executable } = step.become ?? {};
  return [user ?? null, method ?? null, flags ?? null, executable ?? null];
}

/** What is digested of inputs for a key. */
export function inputDigests(inputs: readonly FoundInput[]): Digestible[] {
  // The path itself is an argument already; where the project lies must not matter.
  return inputs.map((input) => (input.kind === "bytes" ? [input.name, input.bytes] : input.digest));
}

function hidden(value: Data, hide: (digest: Digest) => Digest): KeptValue {
  return { hidden: hide(digestOf(value)) };
}

function kept(value: Data): KeptValue {
  const size = typeof value === "string" ? value.length : JSON.stringify(value).length;
  return size <= LONGEST_VALUE ? { value } : { digest: digestOf(value), size };
}

function keptInput(input: FoundInput): KeptInput {
  if (input.kind === "path") {
    const name = input.path.replace(/\/+$/, "");
    return { kind: "path", name: name.slice(name.lastIndexOf("/") + 1), digest: input.digest };
  }
  const bytes = Buffer.from(input.bytes);
  const digest = digestOf(bytes);
  const common = { kind: "bytes", name: input.name, digest } as const;
  return bytes.length <= LONGEST_TEXT && !bytes.includes(0)
    ? { ...common, text: bytes.toString() }
    : common;
}
