/**
 * Snapshots in a play: the containers among its hosts are built as images are, task by task, and after
 * each task there is an image to go back to. A run that resumes replays what it has been through already
 * and makes the container anew from the last state that holds.
 */
import type { Connection } from "../connection/connection.ts";
import type { DockerConnectionOptions } from "../connection/docker.ts";
import type { DockerClient } from "../docker/index.ts";
import { AdoptedContainer, takeSnapshot } from "../docker-workspace/index.ts";
import { directRunner, type Step, type StepRunner, type Verdict } from "../engine/runner.ts";
import { messageOf } from "../errors/index.ts";
import type { ModuleResult } from "../modules/module.ts";
import type { RecordedBase } from "./build-record.ts";
import { BuildState } from "./build-state.ts";
import { CachePolicy } from "./cache-policy.ts";
import { ContentDigests } from "./content-digest.ts";
import { digestOf } from "./digest.ts";
import { Explainer } from "./explain.ts";
import { LiveFacts } from "./live-facts.ts";
import { MemoRunner, type StepNote } from "./memo-runner.ts";
import type { Secrets } from "./secrets.ts";
import { StepKeys } from "./step-keys.ts";
import type { StepStore } from "./step-store.ts";

/** They are of the moment: never replayed, and read in the container as it stands. */
const FACT_MODULES = new Set(["ansible.builtin.setup", "ansible.builtin.gather_facts"]);

const NOTHING = { rc: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

export interface PlaySnapshotsOptions {
  readonly store: StepStore;
  readonly secrets: Secrets;
  readonly playbooks: readonly string[];
  /** Replay what an earlier run has done, rather than do everything. */
  readonly resume: boolean;
  /** For people: a snapshot was taken, or could not be. */
  readonly tell: (message: string) => void;
}

/** A container, and how scripts run in it. */
export interface ContainerTarget {
  readonly client: DockerClient;
  /** Name or id. */
  readonly container: string;
  readonly options: DockerConnectionOptions;
}

/** A container host of the play. */
interface SnapshotHost {
  readonly client: DockerClient;
  readonly container: AdoptedContainer;
  readonly state: BuildState;
  readonly runner: MemoRunner;
  /** Snapshots on their way to the daemon. */
  sending: Promise<void>;
  /** Set while a step looks at the container as it is. */
  direct: Connection | undefined;
  counts: { replayed: number; run: number; snapshots: number };
}

export class PlaySnapshots implements StepRunner {
  readonly #o: PlaySnapshotsOptions;
  readonly #hosts = new Map<string, Promise<SnapshotHost>>();
  readonly #met = new Set<string>();
  /** Hosts whose connection is asked for only to be opened: no container needs to be in any state. */
  readonly #asking = new Set<string>();

  constructor(options: PlaySnapshotsOptions) {
    this.#o = options;
  }

  /** The connection to a container host; from now on its tasks are snapshotted. */
  async connection(host: string, target: ContainerTarget): Promise<Connection> {
    const { container } = target;
    let adopting = this.#hosts.get(host);
    if (!adopting) {
      adopting = this.#adopt(host, target);
      this.#hosts.set(host, adopting);
    }
    const found = await adopting;
    const ofState = found.state.connection();
    const current = () => found.direct ?? ofState;
    return {
      label: `container ${container}`,
      run: async (script, how) => (this.#asking.has(host) ? NOTHING : current().run(script, how)),
      leave: () => current().leave(),
      close: async () => {},
    };
  }

  async run(step: Step): Promise<ModuleResult> {
    if (step.module.module.spec.effect === "talk") return directRunner.run(step);
    if (!step.delegated && !this.#met.has(step.host)) {
      this.#met.add(step.host);
      // Connections are opened when they are first used: whose host this is shows only then.
      this.#asking.add(step.host);
      await step.context.sh(":").finally(() => this.#asking.delete(step.host));
    }
    const host = await this.#hosts.get(step.host);
    if (!host || step.delegated) {
      // It may look at a container, or stop it.
      await this.#bringAll();
      return directRunner.run(step);
    }
    if (!FACT_MODULES.has(step.module.name)) return host.runner.run(step);
    host.direct = await host.container.asItIs();
    try {
      return await directRunner.run(step);
    } finally {
      await host.direct.close();
      host.direct = undefined;
    }
  }

  async settle(step: Step, verdict: Verdict): Promise<void> {
    const host = await this.#hosts.get(step.host);
    await host?.runner.settle(step, verdict);
  }

  /** Brings the containers to the state that the play has come to, and waits for the snapshots. */
  async finish(): Promise<void> {
    for (const [name, adopting] of this.#hosts) {
      const host = await adopting.catch(() => undefined);
      if (!host) continue;
      try {
        await host.runner.catchUp();
        await host.sending;
        await host.state.closeSession();
      } catch (error) {
        this.#o.tell(`${name}: the container is not in the state of the play: ${messageOf(error)}`);
      }
      await host.container.close();
      const { replayed, run, snapshots } = host.counts;
      this.#o.tell(
        `${name}: ${replayed} tasks replayed, ${run} run, ${snapshots} snapshots taken (layerbook snapshots ls)`,
      );
    }
    this.#o.store.settle();
  }

  async #bringAll(): Promise<void> {
    for (const adopting of this.#hosts.values()) {
      const host = await adopting.catch(() => undefined);
      await host?.runner.catchUp();
    }
  }

  async #adopt(host: string, target: ContainerTarget): Promise<SnapshotHost> {
    const { store, secrets, resume } = this.#o;
    const { client, container: name, options: connection } = target;
    const container = await AdoptedContainer.adopt(
      { client, root: store.root, container: name, connection },
      resume,
    );
    const contents = container.baseLayers.map((layer) => layer.content);
    const base: RecordedBase = {
      reference: name,
      digest: digestOf(["container", contents]),
      content: digestOf(contents),
      network: "host",
      hostname: name,
      env: [],
      layers: container.baseLayers.map((layer) => layer.id),
    };
    const state = new BuildState(container, base, { env: [], network: "host" });
    const files = new ContentDigests(`${store.root}/stat`);
    const runner = new MemoRunner({
      inner: directRunner,
      state,
      store,
      keys: new StepKeys({
        state,
        store,
        contents: files,
        services: "run",
        holdsSecret: (text) => secrets.within(text),
      }),
      explainer: new Explainer({ state, store, contents: files, last: () => undefined }),
      policy: new CachePolicy(!resume, undefined),
      facts: new LiveFacts(
        () => true,
        async () => ({}),
      ),
      workspaceHas: (layer) => container.has(layer),
      note: (note) => this.#note(host, found, note),
    });
    const counts = { replayed: 0, run: 0, snapshots: 0 };
    const found: SnapshotHost = {
      client,
      container,
      state,
      runner,
      sending: Promise.resolve(),
      direct: undefined,
      counts,
    };
    return found;
  }

  /** A no_log task gets no snapshot of its own: nothing may tell what it was about. */
  #note(name: string, host: SnapshotHost, note: StepNote): void {
    if (note.outcome === "cached") host.counts.replayed++;
    else host.counts.run++;
    const { step, layer, key } = note;
    if (note.busy.length > 0) {
      this.#o.tell(`${name}: no snapshot while ${note.busy.join(", ")} is running`);
    }
    if (note.outcome !== "run" || !layer || !key || note.secret) return;
    const { stack } = host.state;
    const { playbooks, tell } = this.#o;
    const info = {
      host: name,
      task: step.role ? `${step.role} : ${step.name}` : step.name,
      playbook: playbooks[0] ?? "",
      key,
      bytes: layer.size,
    };
    host.sending = host.sending.then(async () => {
      try {
        await takeSnapshot(host.client, host.container, stack, info);
        host.counts.snapshots++;
      } catch (error) {
        // The state is kept on this machine: going on from it is possible all the same.
        tell(`${name}: no image of the snapshot after '${info.task}': ${messageOf(error)}`);
      }
    });
  }
}
