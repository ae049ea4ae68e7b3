/**
 * `layerbook.yml`: images of a project as data. Validated with the place of each mistake; the JSON
 * Schema in `schema/layerbook.schema.json` is generated from the same description.
 */
import { dirname, resolve } from "node:path";
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { ParseError, type SourcePosition } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import type { RunConfig } from "../oci/image.ts";
import type { ConfigOverrides } from "./assemble.ts";
import { type ImageProject, toCommand } from "./image-project.ts";
import { LAYER_POLICIES } from "./layering.ts";

const command = z.union([z.string(), z.array(z.string())]);

const duration = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h))+$/, "expected a duration like 30s or 1m30s");

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const healthcheck = z.strictObject({
  test: command.describe("The command; a string runs in a shell, NONE disables the base's check."),
  interval: duration.optional(),
  timeout: duration.optional(),
  start_period: duration.optional(),
  retries: z.number().int().positive().optional(),
});

const config = z.strictObject({
  cmd: command.optional().describe("Default command. A string runs in /bin/sh -c."),
  entrypoint: command.optional(),
  env: z.record(z.string(), scalar).optional().describe("Environment, merged into the base's."),
  expose: z
    .array(z.union([z.number().int(), z.string()]))
    .optional()
    .describe("Ports: 80, 53/udp."),
  user: z.union([z.string(), z.number().int()]).optional(),
  workdir: z.string().optional(),
  volumes: z.array(z.string()).optional(),
  labels: z.record(z.string(), scalar).optional(),
  healthcheck: healthcheck.optional(),
  stopsignal: z.union([z.string(), z.number().int()]).optional(),
  author: z.string().optional(),
});

const image = z.strictObject({
  from: z
    .string()
    .describe(
      "Base image: debian:bookworm, docker-daemon:NAME, oci-archive:FILE, mmdebstrap:bookworm, scratch.",
    ),
  playbook: z.union([z.string(), z.array(z.string()).min(1)]).describe("Playbooks, in order."),
  tags: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe("Names of the image: web:1."),
  to: z
    .string()
    .optional()
    .describe("Destination: docker-daemon:, oci:DIR, oci-archive:FILE, docker-archive:FILE."),
  vars: z.record(z.string(), z.unknown()).optional().describe("Extra variables, as with -e."),
  config: config.optional(),
  layers: z.enum(LAYER_POLICIES).optional(),
  services: z.enum(["defer", "run", "fail"]).optional(),
  network: z.enum(["host", "none"]).optional(),
  inventory: z.union([z.string(), z.array(z.string())]).optional(),
  host: z.string().optional().describe("Name of the container in the inventory."),
});

const project = z.union([image, z.strictObject({ images: z.record(z.string(), image) })]);

/** The JSON Schema of `layerbook.yml`. */
export function projectSchema(): unknown {
  return {
    ...z.toJSONSchema(project, { target: "draft-7", io: "input" }),
    $id: "layerbook.schema.json",
    title: "layerbook.yml",
  };
}

/**
 * Reads a project file.
 * @throws ParseError with the place of the first mistake, and a suggestion for a misspelt key
 */
export function readProject(text: string, file: string): readonly ImageProject[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2" });
  const place = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const broken = document.errors[0];
  if (broken) {
    throw new ParseError(broken.message.split("\n")[0]?.replace(/ at line.*$/, "") ?? "bad YAML", {
      position: place(broken.pos[0]),
    });
  }
  const data: unknown = document.toJS();
  const many = typeof data === "object" && data !== null && "images" in data;
  const shape = many ? project.options[1] : project.options[0];
  const parsed = shape.safeParse(data);
  if (!parsed.success) {
    // A misspelt key is the cause of the one that is missing.
    const { issues } = parsed.error;
    const telling = issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0];
    throw explain(telling, document, place, file);
  }
  const images =
    "images" in parsed.data
      ? Object.entries(parsed.data.images)
      : [[baseName(file), parsed.data] as const];
  return images.map(([name, spec]) => toImage(name, spec as z.infer<typeof image>, file));
}

function baseName(file: string): string {
  return dirname(resolve(file)).split("/").at(-1) || "image";
}

function toImage(name: string, spec: z.infer<typeof image>, file: string): ImageProject {
  const here = dirname(resolve(file));
  return {
    name,
    from: spec.from,
    playbooks: list(spec.playbook).map((path) => resolve(here, path)),
    tags: list(spec.tags),
    to: spec.to,
    vars: spec.vars ?? {},
    config: spec.config ? toOverrides(spec.config) : {},
    layers: spec.layers,
    services: spec.services,
    network: spec.network,
    inventory: list(spec.inventory).map((path) => resolve(here, path)),
    host: spec.host,
  };
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function toOverrides(spec: z.infer<typeof config>): ConfigOverrides {
  return {
    cmd: toCommand(spec.cmd),
    entrypoint: toCommand(spec.entrypoint),
    env: spec.env && strings(spec.env),
    expose: spec.expose?.map(String),
    user: spec.user?.toString(),
    workdir: spec.workdir,
    volumes: spec.volumes,
    labels: spec.labels && strings(spec.labels),
    healthcheck: spec.healthcheck && toHealthcheck(spec.healthcheck),
    stopsignal: spec.stopsignal?.toString(),
    author: spec.author,
  };
}

function strings(values: Readonly<Record<string, string | number | boolean>>) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

function toHealthcheck(spec: z.infer<typeof healthcheck>): NonNullable<RunConfig["Healthcheck"]> {
  const test =
    typeof spec.test === "string"
      ? spec.test === "NONE"
        ? ["NONE"]
        : ["CMD-SHELL", spec.test]
      : ["CMD", ...spec.test];
  return {
    Test: test,
    ...(spec.interval && { Interval: nanoseconds(spec.interval) }),
    ...(spec.timeout && { Timeout: nanoseconds(spec.timeout) }),
    ...(spec.start_period && { StartPeriod: nanoseconds(spec.start_period) }),
    ...(spec.retries && { Retries: spec.retries }),
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

function nanoseconds(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit ?? "s"] ?? 0);
  }
  return Math.round(total);
}

/** The first mistake, in words and with its place. */
function explain(
  issue: z.core.$ZodIssue | undefined,
  document: Document,
  place: (offset: number) => SourcePosition,
  file: string,
): ParseError {
  if (!issue) return new ParseError("the project file is not valid", { position: place(0) });
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const where = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const known = knownKeys(path);
    const suggestion = nearest(key, known);
    return new ParseError(`'${key}' is not a key of ${where || "the project file"}`, {
      position: keyPosition(document, path, key, place) ?? { file, line: 1, column: 1 },
      hint: suggestion ? `Did you mean '${suggestion}'?` : `Known keys: ${known.join(", ")}.`,
    });
  }
  const node = document.getIn(path, true) as Node | undefined;
  const parent = document.getIn(path.slice(0, -1), true) as Node | undefined;
  const offset = node?.range?.[0] ?? parent?.range?.[0] ?? 0;
  const missing = node === undefined && path.length > 0;
  return new ParseError(
    missing ? `'${where}' is required` : `${where || "project"}: ${issue.message}`,
    {
      position: place(offset),
    },
  );
}

function knownKeys(path: readonly (string | number)[]): readonly string[] {
  const inside = path[0] === "images" ? path.slice(2) : path;
  if (inside[0] === "config") {
    return Object.keys(inside[1] === "healthcheck" ? healthcheck.shape : config.shape);
  }
  return [...Object.keys(image.shape), "images"];
}

function keyPosition(
  document: Document,
  path: readonly (string | number)[],
  key: string,
  place: (offset: number) => SourcePosition,
): SourcePosition | undefined {
  const node = path.length > 0 ? document.getIn(path, true) : document.contents;
  if (isSeq(node) || !isMap(node)) return undefined;
  for (const pair of node.items) {
    const name = pair.key as Node & { value?: unknown };
    if (name?.value === key && name.range) return place(name.range[0]);
  }
  return undefined;
}
