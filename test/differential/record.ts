/** Records what the real `ansible-playbook` does with the cases: see record.sh. */
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Case,
  caseNames,
  describeRuns,
  environment,
  type RunRecord,
  readCase,
  unpack,
} from "./case-file.ts";

const [root = ".", ...given] = process.argv.slice(2);
const names = given.length > 0 ? given : caseNames(join(root, "cases"));

async function record(name: string): Promise<void> {
  const item = readCase(join(root, "cases"), name);
  const directory = unpack(item);
  const runs: RunRecord[] = [];
  for (const argv of item.runs) runs.push(await run(item, argv, directory));
  writeFileSync(join(root, "golden", `${name}.txt`), describeRuns(runs, directory));
  rmSync(directory, { recursive: true });
  process.stderr.write(`${name}: ${runs.map((run) => run.exitCode).join(" ")}\n`);
}

function run(item: Case, argv: readonly string[], directory: string): Promise<RunRecord> {
  return new Promise((resolve, reject) => {
    const child = spawn("ansible-playbook", argv, {
      cwd: directory,
      env: environment(item, directory),
      stdio: ["ignore", "pipe", process.env.RECORD_STDERR ? "inherit" : "ignore"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ argv, exitCode: code ?? 255, stdout: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

/** Two at a time. */
async function worker(): Promise<void> {
  for (let name = names.shift(); name !== undefined; name = names.shift()) await record(name);
}
await Promise.all([worker(), worker()]);
