/** Builds in the light workspace; from nothing means: without layers, keys and records altogether. */
import { join } from "node:path";
import { type BuildOptions, buildImage } from "../../src/build/build.ts";
import { Narrator } from "../../src/build/narrate.ts";
import { Secrets } from "../../src/build/secrets.ts";
import { StepStore } from "../../src/build/step-store.ts";
import { EngineEvents } from "../../src/engine/events.ts";
import { runPlaybook } from "../../src/engine/index.ts";
import type { Image, Transport } from "../../src/oci/image.ts";
import { ChrootWorkspace, describeTree, type Tree } from "./chroot-workspace.ts";
import { Heard, type Outcome, wordsOf } from "./outcome.ts";
import type { ProjectFolder } from "./project-folder.ts";
import type { ProjectModel } from "./project-model.ts";
import type { BuildPlace } from "./sequence.ts";

export class LightPlace implements BuildPlace {
  readonly processes = false;
  readonly #folder: string;
  readonly #workspace: ChrootWorkspace;
  readonly #bases: readonly { readonly id: string; readonly tree: Tree }[];
  readonly #delivered = new Map<string, readonly string[]>();
  #last: string | undefined;

  /**
   * @param folder of its own
   * @param skeleton a busybox root ({@link ChrootWorkspace})
   */
  constructor(folder: string, skeleton: string) {
    this.#folder = folder;
    this.#workspace = new ChrootWorkspace(join(folder, "roots"), skeleton);
    this.#bases = [0, 1].map((n) => {
      const tree = baseTree(n);
      return { id: this.#workspace.addBase(tree).id, tree };
    });
  }

  async cached(project: ProjectModel, files: ProjectFolder): Promise<Outcome> {
    const base = this.#bases[project.base];
    if (!base) throw new Error("no such base");
    const heard = new Heard();
    const counts = { cached: 0, ran: 0 };
    const options: BuildOptions = {
      ...files.options(project),
      tags: undefined,
      skipTags: undefined,
      name: "box",
      from: "base",
      base: { transport: this.#baseTransport(base.id), reference: `base${project.base}` },
      destination: { transport: this.#destination(), reference: "box", additionalTags: [] },
      config: {},
      layers: "task",
      network: "none",
      epoch: 0,
      cache: { off: false, from: undefined },
      workspace: this.#workspace,
      store: new StepStore(join(this.#folder, "store")),
      secrets: new Secrets(),
      emit: (event) => {
        heard.listen(event);
        if (event.type === "done") Object.assign(counts, { cached: event.cached, ran: event.ran });
      },
    };
    let failed: string | undefined;
    let tree = {};
    try {
      await buildImage(options);
      tree = describeTree(this.#workspace.treeOf(this.#delivered.get(this.#last ?? "") ?? []));
    } catch (error) {
      failed = wordsOf(error);
    }
    return { failed, results: heard.results, files: tree, ...counts };
  }

  /** No cache, no layers: the modules run one after the other in one root. */
  async fresh(project: ProjectModel, files: ProjectFolder): Promise<Outcome> {
    const base = this.#bases[project.base];
    const session = await this.#workspace.open([base?.id ?? ""], { env: [], network: "none" });
    const heard = new Heard();
    try {
      const bus = new EngineEvents();
      const narrator = new Narrator(heard.listen, () => false);
      bus.listen((event) => narrator.hear(event));
      const { host, connections, ...common } = files.options(project);
      const outcome = await runPlaybook({
        ...common,
        connections: async (request) =>
          request.host === host ? session.connection : connections(request),
        events: bus,
        target: "image",
      });
      const snapshot = await session.snapshot();
      const stack = snapshot.kind === "layer" ? session.stack : [base?.id ?? ""];
      return {
        failed: outcome.exitCode === 0 ? undefined : "failed",
        results: heard.results,
        files: describeTree(this.#workspace.treeOf(stack)),
        cached: 0,
        ran: 0,
      };
    } catch (error) {
      return { failed: wordsOf(error), results: heard.results, files: {}, cached: 0, ran: 0 };
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {}

  #baseTransport(id: string): Transport {
    return {
      scheme: "base",
      identify: async () => id,
      read: async () =>
        ({
          config: {
            architecture: "amd64",
            os: "linux",
            rootfs: { type: "layers", diff_ids: [id] },
          },
          configBytes: new Uint8Array(),
          id,
          layers: [{ diffId: id }],
        }) as unknown as Image,
    };
  }

  #destination(): Transport {
    return {
      scheme: "test",
      identify: async () => this.#last,
      read: async () => {
        throw new Error("not to be read");
      },
      write: async (image) => {
        this.#delivered.set(
          image.id,
          image.layers.flatMap((layer) => layer.diffId.split("+")),
        );
        this.#last = image.id;
        return { id: image.id, reference: "test:box", layersSent: 0, bytesSent: 0 };
      },
    };
  }
}

function baseTree(variant: number): Tree {
  const dir = (mode: string) => ({ type: "dir" as const, attributes: `${mode} 0 0` });
  const file = (text: string) => ({
    type: "file" as const,
    attributes: "644 0 0",
    content: Buffer.from(text),
  });
  return new Map<string, ReturnType<typeof dir> | ReturnType<typeof file>>([
    ["etc", dir("755")],
    ["etc/group", file("root:x:0:\nnogroup:x:65534:\n")],
    ["etc/passwd", file("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")],
    ["etc/shells", file("/bin/sh\n")],
    ["root", dir("700")],
    ["srv", dir("755")],
    ["srv/sub", dir("755")],
    ["srv/a", file(variant === 0 ? "red one\n" : "blue two\n")],
    ["srv/sub/x", file("x\n")],
    ["tmp", dir("1777")],
    ["var", dir("755")],
  ]);
}
