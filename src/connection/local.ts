/** The controller itself as a target (`connection: local`), and any command that gives a shell. */
import { spawn } from "node:child_process";
import { PRELUDE } from "./prelude.ts";
import { LOOP, type ShellStream, StreamShell } from "./stream-shell.ts";

/**
 * Starts a program whose standard streams become the shell's.
 * @param argv the program and its arguments, which must end up running `sh -c` {@link LOOP}
 */
export function spawnShell(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): ShellStream {
  const [program = "sh", ...args] = argv;
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    // Its own process group, so that Ctrl-C reaches Layerbook first and `kill` reaches all of it.
    detached: true,
    cwd: options.cwd,
    env: options.env ?? process.env,
  });
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`cannot start ${program}: ${error.message}`));
    child.on("exit", (code, signal) =>
      resolve(signal ? `the shell was killed by ${signal}` : `the shell ended with code ${code}`),
    );
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    kill: () => {
      if (child.pid === undefined || child.exitCode !== null) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        child.kill("SIGKILL");
      }
    },
  };
}

/** Opens a shell on this machine. */
export function connectLocal(options: { readonly cwd?: string } = {}): StreamShell {
  return new StreamShell("localhost", spawnShell(["/bin/sh", "-c", LOOP], options), PRELUDE);
}
