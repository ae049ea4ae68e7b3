/** Runs a case with Layerbook, in this process. */
import { chdir, cwd } from "node:process";
import { run as play } from "../../src/cli/commands/play.ts";
import { LayerbookError } from "../../src/errors/index.ts";
import { type Case, environment, type RunRecord } from "./case-file.ts";

/** @param directory the unpacked case */
export async function replay(item: Case, directory: string): Promise<RunRecord[]> {
  const before = { directory: cwd(), env: { ...process.env } };
  const records: RunRecord[] = [];
  chdir(directory);
  setEnvironment(environment(item, directory));
  try {
    for (const argv of item.runs) records.push(await replayRun(argv));
  } finally {
    chdir(before.directory);
    setEnvironment(before.env);
  }
  return records;
}

async function replayRun(argv: readonly string[]): Promise<RunRecord> {
  const stdout: string[] = [];
  const { stdout: out, stderr: err } = process;
  const writes = { out: out.write, err: err.write };
  out.write = (chunk: string | Uint8Array) => {
    stdout.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    return true;
  };
  const errors: string[] = [];
  err.write = (chunk: string | Uint8Array) => {
    errors.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    return true;
  };
  let exitCode: number;
  try {
    exitCode = await play(argv, {
      signal: new AbortController().signal,
      program: "ansible-playbook",
      isDropIn: true,
    });
  } catch (error) {
    if (!(error instanceof LayerbookError)) throw error;
    errors.push(`ERROR! ${error.message}\n`);
    exitCode = error.exitCode;
  } finally {
    out.write = writes.out;
    err.write = writes.err;
  }
  if (process.env.REPLAY_STDERR) process.stderr.write(errors.join(""));
  return { argv, exitCode, stdout: withoutIncludedRoles(stdout.join("")) };
}

/**
 * Later releases than the one that recorded the goldens tell of roles that are included, and count
 * them, as Layerbook does.
 */
function withoutIncludedRoles(stdout: string): string {
  const included = new Map<string, number>();
  const lines = stdout.split("\n").filter((line) => {
    const hosts = /^included: [^/ ]+ for (.+?)(?: => \(item=.*)?$/.exec(line)?.[1];
    for (const host of hosts?.split(", ") ?? []) included.set(host, (included.get(host) ?? 0) + 1);
    return hosts === undefined;
  });
  const counted = lines.map((line) =>
    line.replace(/^(\S+)( +: ok=)(\d+ *)(?= changed=)/, (all, host, between, count) => {
      const fewer = included.get(host);
      if (fewer === undefined) return all;
      return `${host}${between}${String(Number(count) - fewer).padEnd(count.length)}`;
    }),
  );
  return counted.join("\n");
}

function setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  for (const [name, value] of Object.entries(env))
    if (value !== undefined) process.env[name] = value;
}
