/** Builds in the real sandbox; from nothing means: no record is used. The images must be bit for bit the same. */
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type BuildOptions, buildImage } from "../../src/build/build.ts";
import { Secrets } from "../../src/build/secrets.ts";
import { StepStore } from "../../src/build/step-store.ts";
import type { Image, Transport } from "../../src/oci/image.ts";
import { plainHeader, TarWriter } from "../../src/oci/tar/index.ts";
import { createSandboxWorkspace } from "../../src/sandbox/index.ts";
import { busyboxImage, collect, imageOf, membersOf } from "../../src/workspace/contract.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { Heard, type Outcome, wordsOf } from "./outcome.ts";
import type { ProjectFolder } from "./project-folder.ts";
import type { ProjectModel } from "./project-model.ts";
import type { BuildPlace } from "./sequence.ts";

export class SandboxPlace implements BuildPlace {
  readonly processes = true;
  readonly #folder: string;
  readonly #workspace: Workspace;
  readonly #bases: readonly Image[];
  #images = new Map<string, Image>();
  #builds = 0;

  private constructor(folder: string, bases: readonly Image[]) {
    this.#folder = folder;
    this.#workspace = createSandboxWorkspace({ root: join(folder, "store") });
    this.#bases = bases;
  }

  /** @param folder of its own */
  static async make(folder: string): Promise<SandboxPlace> {
    return new SandboxPlace(
      folder,
      await Promise.all([baseImage("red one\n"), baseImage("blue\n")]),
    );
  }

  cached(project: ProjectModel, files: ProjectFolder): Promise<Outcome> {
    return this.#build(project, files, false);
  }

  /** Its records go to a place of their own: no later build may find them. */
  fresh(project: ProjectModel, files: ProjectFolder): Promise<Outcome> {
    return this.#build(project, files, true);
  }

  close(): Promise<void> {
    return this.#workspace.close();
  }

  async #build(project: ProjectModel, files: ProjectFolder, off: boolean): Promise<Outcome> {
    const heard = new Heard();
    const counts = { cached: 0, ran: 0 };
    const store = off ? join(this.#folder, `fresh${this.#builds++}`) : join(this.#folder, "store");
    const options: BuildOptions = {
      ...files.options(project),
      tags: undefined,
      skipTags: undefined,
      name: "box",
      from: "base",
      base: { transport: this.#base(project.base), reference: `base${project.base}` },
      destination: { transport: this.#destination(store), reference: "box", additionalTags: [] },
      config: {},
      layers: "task",
      network: "none",
      epoch: 0,
      cache: { off, from: undefined },
      workspace: this.#workspace,
      store: new StepStore(store),
      secrets: new Secrets(),
      emit: (event) => {
        heard.listen(event);
        if (event.type === "done") Object.assign(counts, { cached: event.cached, ran: event.ran });
      },
    };
    let failed: string | undefined;
    const paths: Record<string, string> = {};
    try {
      await buildImage(options);
      const image = this.#images.get(store);
      for (const [n, layer] of (image?.layers ?? []).slice(1).entries()) {
        const task = image?.config.history?.at(n + 1)?.created_by ?? "";
        for (const [path, member] of await membersOf(layer)) {
          paths[`${n} ${task} ${path}`] =
            `${member.type} ${member.mode} ${member.uid} ${member.gid} ${member.size} ${member.linkPath ?? ""}`;
        }
        paths[`${n} ${task}`] = layer.diffId;
      }
    } catch (error) {
      failed = wordsOf(error);
    }
    return { failed, results: heard.results, files: paths, ...counts };
  }

  #base(variant: number): Transport {
    const image = this.#bases[variant];
    if (!image) throw new Error("no such base");
    return { scheme: "base", identify: async () => image.id, read: async () => image };
  }

  #destination(store: string): Transport {
    return {
      scheme: "test",
      identify: async () => this.#images.get(store)?.id,
      read: async () => {
        throw new Error("not to be read");
      },
      write: async (image) => {
        this.#images.set(store, image);
        return { id: image.id, reference: "test:box", layersSent: 0, bytesSent: 0 };
      },
    };
  }
}

async function baseImage(text: string): Promise<Image> {
  const busybox = await busyboxImage();
  const output = new PassThrough();
  const collected = collect(output);
  const writer = new TarWriter(output);
  await writer.add(plainHeader("directory", "srv/sub", { mode: 0o755 }));
  const bytes = Buffer.from(text);
  await writer.add(plainHeader("file", "srv/a", { mode: 0o644, size: bytes.length }), bytes);
  await writer.finish();
  output.end();
  const [layer] = busybox.layers;
  if (!layer) throw new Error("no layer");
  return imageOf([await collect(await layer.open()), await collected]);
}
