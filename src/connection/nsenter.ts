/** The namespaces of a process of this machine as a target (`connection: nsenter`), with its root. */
import { type Connection, ConnectionError } from "./connection.ts";
import { spawnShell } from "./local.ts";
import { PRELUDE } from "./prelude.ts";
import { LOOP, StreamShell } from "./stream-shell.ts";

/**
 * @param pid a process; 1 is the machine's own when Layerbook runs in a privileged container with the
 *   host's process ids
 * @throws ConnectionError when the namespaces cannot be entered
 */
export async function connectNamespaces(pid: number): Promise<Connection> {
  const label = `nsenter ${pid}`;
  const stream = spawnShell([
    "nsenter",
    `--target=${pid}`,
    "--ipc",
    "--mount",
    "--net",
    "--pid",
    "--uts",
    "--root",
    "--wd",
    "--",
    "/bin/sh",
    "-c",
    LOOP,
  ]);
  let said = "";
  stream.stderr.on("data", (chunk: Buffer) => {
    if (said.length < 2000) said += chunk.toString();
  });
  const shell = new StreamShell(label, stream, PRELUDE);
  try {
    await shell.run("");
    return shell;
  } catch (error) {
    await shell.close();
    throw new ConnectionError(`${label}: cannot enter its namespaces: ${said.trim()}`, {
      cause: error,
      exitCode: 4,
      hint: "It needs root, nsenter (package util-linux) and a process of that number.",
    });
  }
}
