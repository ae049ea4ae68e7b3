/** `--snapshot` and `--resume` of `layerbook play`: nothing of it is loaded where nobody asks for it. */
import type { PlaySnapshots } from "../build/play-snapshots.ts";
import type { ConnectionFactory } from "../engine/options.ts";
import { directRunner, type StepRunner } from "../engine/runner.ts";
import { toBool } from "../modules/convert.ts";
import type { Value } from "../values/model.ts";
import type { Arguments } from "./arguments.ts";
import { connectionFactory, isDocker } from "./connections.ts";
import { dockerTarget } from "./container-connections.ts";
import type { Session } from "./session.ts";
import { storeRoot } from "./store-root.ts";

/** A variable of a host or play that asks for snapshots where the flag does not. */
const VARIABLE = "layerbook_snapshot";

export interface SnapshotSetup {
  readonly connections: ConnectionFactory;
  readonly runner: StepRunner;
  /** To be called when the play is over, however it ended. */
  finish(): Promise<void>;
}

/** Containers among the hosts are snapshotted where a flag or their variables say so. */
export function snapshotSetup(session: Session, args: Arguments): SnapshotSetup {
  const resume = args.has("resume");
  const always = resume || args.has("snapshot");
  const open = connectionFactory(session.settings);
  let snapshots: PlaySnapshots | undefined;
  const load = async () => {
    const { PlaySnapshots } = await import("../build/play-snapshots.ts");
    const { StepStore } = await import("../build/step-store.ts");
    snapshots ??= new PlaySnapshots({
      store: new StepStore(storeRoot()),
      secrets: session.secrets,
      playbooks: args.operands,
      resume,
      tell: (message) => process.stderr.write(`snapshots: ${message}\n`),
    });
    return snapshots;
  };
  return {
    connections: async (request) => {
      const wanted = always || isTrue(request.variable(VARIABLE));
      return wanted && isDocker(request.connection) && request.lane === undefined
        ? (await load()).connection(request.host, dockerTarget(request))
        : open(request);
    },
    runner: {
      run: async (step) => {
        if (always || isTrue(step.context.variable(VARIABLE))) await load();
        return (snapshots ?? directRunner).run(step);
      },
      settle: async (step, verdict) => snapshots?.settle(step, verdict),
    },
    finish: async () => snapshots?.finish(),
  };
}

function isTrue(value: Value | undefined): boolean {
  return value !== undefined && value !== null && toBool(value);
}
