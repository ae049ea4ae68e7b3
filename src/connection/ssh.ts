/** SSH machines as targets, by the system's own OpenSSH client: its configuration, agent and keys. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors/index.ts";
import { type Connection, ConnectionError, ConnectionTimeout, quote } from "./connection.ts";
import { spawnShell } from "./local.ts";
import { PRELUDE } from "./prelude.ts";
import { abandonMaster, type MasterShare, shareMaster } from "./ssh-master.ts";
import { LOOP, type ShellStream, StreamShell } from "./stream-shell.ts";

/**
 * How a machine is reached; the names are those of the `ansible_ssh_*` variables.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ssh_connection.html
 */
export interface SshOptions {
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The password answers only a question with this in it; absent or empty: any (`sshpass_prompt`). */
  readonly passwordPrompt?: string | undefined;
  readonly privateKeyFile?: string | undefined;
  /** Opens the private key (`ansible_ssh_private_key_passphrase`). */
  readonly passphrase?: string | undefined;
  /** How often connecting is tried again when the machine does not answer (`ansible_ssh_retries`). */
  readonly retries?: number | undefined;
  /** Seconds until connecting is given up. */
  readonly timeout?: number | undefined;
  readonly hostKeyChecking?: boolean | undefined;
  /** Words, already split: `ansible_ssh_common_args`, then `ansible_ssh_extra_args`. */
  readonly extraArguments?: readonly string[] | undefined;
  readonly executable?: string | undefined;
  /**
   * The socket of the master that connections share, with ssh's `%` tokens. Absent: a master of this
   * process, which ends with it, unless the arguments name a socket or refuse to share.
   */
  readonly controlPath?: string | undefined;
  /** Environment of the ssh client; the process's own when absent. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Seconds until connecting is given up, when nothing is said. */
const TIMEOUT = 10;

/** Opens one ssh process whose remote end is the shell. @throws ConnectionError with ssh's own words */
export async function connectSsh(options: SshOptions): Promise<Connection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectOnce(options);
    } catch (error) {
      // Another try helps a machine that is starting, not a key that is wrong.
      const final = /Permission denied|Host key verification|REMOTE HOST IDENTIFICATION/i;
      if (attempt >= (options.retries ?? 0) || final.test(messageOf(error))) throw error;
      await sleep(Math.min(2 ** attempt, 30) * 1000);
    }
  }
}

async function connectOnce(options: SshOptions): Promise<Connection> {
  const share = sharesByItself(options)
    ? shareMaster(JSON.stringify(options), options.executable ?? "ssh")
    : undefined;
  try {
    return await login(share ? { ...options, controlPath: share.path } : options, share);
  } catch (error) {
    await share?.release();
    // A master whose machine went away without a word would keep everybody from coming back.
    if (!(share?.joined && error instanceof ConnectionTimeout)) throw error;
    abandonMaster(JSON.stringify(options));
    return connectOnce(options);
  }
}

/** Words that name a socket of their own, or want none: `-S path`, `-o ControlMaster=no`. */
const NOT_OURS = /^(-S|(-o)?\s*Control(Path\b|(Master|Persist)[\s=]+(no|false)\b))/i;

function sharesByItself({ controlPath, extraArguments = [] }: SshOptions): boolean {
  return controlPath === undefined && !extraArguments.some((word) => NOT_OURS.test(word));
}

async function login(options: SshOptions, share: MasterShare | undefined): Promise<Connection> {
  const { password, passphrase } = options;
  const asks = password !== undefined || passphrase !== undefined;
  const askpass = asks ? new AskPass(options) : undefined;
  const client = spawnShell(sshCommand(options), {
    env: { ...(options.env ?? process.env), ...askpass?.environment },
  });
  const stream = share ? releasing(client, share) : client;
  const label = `ssh ${options.host}`;
  const said = collect(stream);
  // A connection of its own is under ssh's ConnectTimeout; one through a master is not.
  const greetingMs = share?.joined ? (options.timeout ?? TIMEOUT) * 1000 : undefined;
  const shell = new StreamShell(label, stream, PRELUDE, greetingMs);
  try {
    await shell.run("");
    return shell;
  } catch (error) {
    await shell.close();
    if (share?.joined && error instanceof ConnectionTimeout) throw error;
    throw explain(error, label, options, said());
  } finally {
    askpass?.remove();
  }
}

/** The client, which gives its share in the master back when it ends. */
function releasing(client: ShellStream, share: MasterShare): ShellStream {
  void client.ended.then(() => share.release());
  const kill = async () => {
    await client.kill();
    await client.ended;
    await share.release();
  };
  return { ...client, kill };
}

/** The client's command line. Quiet, so that only errors come before the shell's own output. */
export function sshCommand(options: SshOptions): readonly string[] {
  const words = [options.executable ?? "ssh", "-T", "-o", "LogLevel=ERROR"];
  const set = (name: string, value: string | number) => words.push("-o", `${name}=${value}`);
  if (options.hostKeyChecking === false) set("StrictHostKeyChecking", "no");
  if (options.port !== undefined) set("Port", options.port);
  if (options.user !== undefined) set("User", options.user);
  if (options.privateKeyFile !== undefined) set("IdentityFile", `"${options.privateKeyFile}"`);
  set("ConnectTimeout", options.timeout ?? TIMEOUT);
  if (options.controlPath !== undefined) {
    set("ControlMaster", "auto");
    set("ControlPath", `"${options.controlPath}"`);
    // The first client may end, and the others go on; a run that was killed leaves it no longer.
    set("ControlPersist", "10s");
  }
  if (options.password === undefined && options.passphrase === undefined) {
    set("KbdInteractiveAuthentication", "no");
    set("PasswordAuthentication", "no");
    set("BatchMode", "yes");
  } else {
    set("NumberOfPasswordPrompts", 1);
  }
  // What the user asks for stands last but counts first where ssh takes the first value it meets.
  words.splice(1, 0, ...(options.extraArguments ?? []));
  words.push("--", options.host, `exec /bin/sh -c ${quote(LOOP)}`);
  return words;
}

/**
 * ssh says what it asks for as the first argument; a question that there is no answer to fails. One that
 * lacks the text that the user has named is left open, as sshpass leaves it, until the machine hangs up:
 * OpenSSH grants 120 seconds for a login.
 */
const ANSWER = `#!/bin/sh
case "$1" in
  *assphrase*) [ -n "\${LAYERBOOK_SSH_PASSPHRASE+x}" ] && printf '%s\\n' "$LAYERBOOK_SSH_PASSPHRASE" ;;
  *"$LAYERBOOK_SSH_PROMPT"*) [ -n "\${LAYERBOOK_SSH_PASSWORD+x}" ] && printf '%s\\n' "$LAYERBOOK_SSH_PASSWORD" ;;
  *) exec sleep 120 2>/dev/null ;;
esac
`;

/**
 * Gives ssh a password without a terminal and without a further package: a program that prints what
 * the environment of the ssh process holds. Neither stands in a process list.
 */
class AskPass {
  readonly environment: NodeJS.ProcessEnv;
  readonly #directory: string;

  constructor({ password, passwordPrompt, passphrase }: SshOptions) {
    this.#directory = mkdtempSync(join(tmpdir(), "layerbook-askpass-"));
    const program = join(this.#directory, "askpass");
    writeFileSync(program, ANSWER, { mode: 0o700 });
    this.environment = {
      LAYERBOOK_SSH_PASSWORD: password,
      LAYERBOOK_SSH_PROMPT: passwordPrompt ?? "",
      LAYERBOOK_SSH_PASSPHRASE: passphrase,
      SSH_ASKPASS: program,
      SSH_ASKPASS_REQUIRE: "force",
      DISPLAY: process.env.DISPLAY ?? ":0",
    };
  }
  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** What the client writes to standard error before there is a shell. */
function collect(stream: ShellStream): () => string {
  let text = "";
  stream.stderr.on("data", (chunk: Buffer) => {
    if (text.length < 4000) text += chunk.toString();
  });
  return () => text.trim();
}

function explain(error: unknown, label: string, options: SshOptions, said: string): unknown {
  if (!(error instanceof ConnectionError)) return error;
  const why =
    said === "" ? error.message.replace(`${label}: `, "") : said.split("\n").slice(-3).join(" ");
  return new ConnectionError(`Failed to connect to the host via ssh: ${why}`, {
    exitCode: 4,
    hint: hintFor(why, options),
  });
}

function hintFor(why: string, options: SshOptions): string | undefined {
  if (/Host key verification failed|authenticity of host/i.test(why)) {
    return `Add the machine's key to known_hosts (ssh-keyscan ${options.host}), or set host_key_checking = False.`;
  }
  if (/Permission denied/i.test(why)) {
    return options.password === undefined
      ? "Give a key with --private-key or ansible_ssh_private_key_file, or a password with --ask-pass (-k)."
      : "The password was not taken, or the machine takes none: see its PasswordAuthentication setting.";
  }
  if (/ENOENT|cannot start/.test(why))
    return "Install the OpenSSH client (package openssh-client).";
  return undefined;
}
