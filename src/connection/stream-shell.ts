/**
 * A {@link Connection} over any byte stream to an `sh`: the protocol is the same for every place.
 *
 * The shell runs {@link LOOP}, which reads requests from its standard input with `read` (one byte at
 * a time by POSIX, so what follows a request is left for the commands) and evaluates each in a
 * subshell. The end of each request is marked in band on both streams with a nonce that no child
 * process ever sees; a daemon that keeps a stream open therefore holds nothing up.
 *
 * `become` nests: the loop starts itself as another user on the same streams, and that inner loop
 * reads the requests until it is told to leave.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { Duplex, Readable, Writable } from "node:stream";
import { becomeCommand, becomeProblem } from "./become.ts";
import {
  type Become,
  type Connection,
  ConnectionError,
  ConnectionTimeout,
  type Input,
  type OutputStream,
  type RunOptions,
  type RunResult,
} from "./connection.ts";
import { ShellTunnel } from "./shell-tunnel.ts";

/** An open byte stream to `sh -c LOOP`. */
export interface ShellStream {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with the reason, in words for the user, once the far end is gone. */
  readonly ended: Promise<string>;
  /** Kills the far end and whatever the scripts left running in it. */
  kill(): void | Promise<void>;
}

/**
 * Requests: `R nonce lines bytes|-`, then that many lines of script and that many bytes of input;
 * `P nonce lines`: defines functions in the loop itself; `B nonce lines`: a command that runs the loop
 * as someone else; `L`: leaves the innermost loop. After a request its nonce and exit code are
 * printed; a loop that was started with a nonce as `$0` says `hello` under it.
 */
export const LOOP = `
lb_end() { printf '\\n%s %s\\n' "$1" "$2"; printf '\\n%s %s\\n' "$1" "$2" >&2; }
lb_dd() {
  if [ "$1" -ge 65536 ]; then dd bs=65536 count=$(($1 / 65536)) iflag=fullblock 2>/dev/null; fi
  if [ $(($1 % 65536)) -gt 0 ]; then dd bs=$(($1 % 65536)) count=1 iflag=fullblock 2>/dev/null; fi
}
lb_read() {
  lb_s=
  lb_i=$1
  while [ "$lb_i" -gt 0 ]; do
    IFS= read -r lb_l || exit 0
    lb_s="$lb_s$lb_l
"
    lb_i=$((lb_i - 1))
  done
}
case "$0" in lb-*) lb_end "$0" hello;; esac
while read -r lb_op lb_n lb_a lb_b; do
  case "$lb_op" in
    R)
      lb_read "$lb_a"
      if [ "$lb_b" = - ]; then
        (eval "$lb_s") </dev/null
        lb_rc=$?
      else
        lb_dd "$lb_b" | { (eval "$lb_s"); lb_rc=$?; cat >/dev/null; exit $lb_rc; }
        lb_rc=$?
      fi
      lb_end "$lb_n" "$lb_rc"
      ;;
    P) lb_read "$lb_a"; eval "$lb_s"; lb_end "$lb_n" 0 ;;
    B) lb_read "$lb_a"; eval "$lb_s"; lb_end "$lb_n" $? ;;
    L) exit 0 ;;
  esac
done
exit 0
`;

/** What a script may write when it is to be kept: a target must not be able to fill the controller. */
const MOST_KEPT = 512 * 1024 * 1024;
/** The same for what comes before there is a shell, and how long that may take. */
const GREETING = { most: 1024 * 1024, timeoutMs: 60_000 };

interface Reply {
  readonly nonce: string;
  readonly word: string;
}

/** Finds the replies in one stream and hands on what stands between them. */
class Scanner {
  #held: Buffer = Buffer.alloc(0);

  /**
   * @param nonces the replies that may come next
   * @returns output before the first reply, and that reply if it is complete
   */
  feed(chunk: Buffer, nonces: readonly string[]): { body: Buffer; reply: Reply | undefined } {
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = -1;
    let nonce = "";
    for (const candidate of nonces) {
      const found = all.indexOf(`\n${candidate} `);
      if (found >= 0 && (at < 0 || found < at)) {
        at = found;
        nonce = candidate;
      }
    }
    if (at < 0) {
      const keep = Math.max(0, ...nonces.map((n) => partialSuffix(all, Buffer.from(`\n${n} `))));
      this.#held = all.subarray(all.length - keep);
      return { body: all.subarray(0, all.length - keep), reply: undefined };
    }
    const wordStart = at + nonce.length + 2;
    const end = all.indexOf(10, wordStart);
    if (end < 0) {
      this.#held = all.subarray(at);
      return { body: all.subarray(0, at), reply: undefined };
    }
    this.#held = all.subarray(end + 1);
    const word = all.subarray(wordStart, end).toString();
    return { body: all.subarray(0, at), reply: { nonce, word } };
  }

  /** What came after the last reply. */
  rest(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }
}

/** Length of the longest suffix of `text` that is a proper prefix of `marker`. */
function partialSuffix(text: Buffer, marker: Buffer): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length--) {
    if (marker.subarray(0, length).equals(text.subarray(text.length - length))) return length;
  }
  return 0;
}

interface Pending {
  readonly nonce: string;
  readonly options: RunOptions;
  readonly chunks: Record<OutputStream, Buffer[]>;
  readonly most: number;
  kept: number;
  readonly replies: Partial<Record<OutputStream, Reply>>;
  readonly settle: () => void;
}

const STREAMS: readonly OutputStream[] = ["stdout", "stderr"];

export class StreamShell implements Connection {
  readonly label: string;
  readonly #stream: ShellStream;
  readonly #prelude: string;
  readonly #scanners: Record<OutputStream, Scanner> = {
    stdout: new Scanner(),
    stderr: new Scanner(),
  };
  #queue: Promise<unknown>;
  #pending: Pending | undefined;
  #inner: { readonly become: Become; readonly nonce: string } | undefined;
  #gone: ConnectionError | undefined;
  #closing = false;
  #tunnel: ShellTunnel | undefined;

  /**
   * @param prelude shell functions that every script may call; sent once to each loop.
   * @param greetingMs how long the shell may take to answer for the first time
   */
  constructor(
    label: string,
    stream: ShellStream,
    prelude: string,
    greetingMs: number = GREETING.timeoutMs,
  ) {
    this.label = label;
    this.#stream = stream;
    this.#prelude = prelude;
    for (const name of STREAMS) this.#listen(name, stream[name]);
    // A broken pipe shows as `ended`, which has the reason.
    stream.stdin.on("error", () => undefined);
    void stream.ended.then((reason) => {
      this.#gone ??= new ConnectionError(`${label}: ${reason}`, { exitCode: 4 });
      this.#pending?.settle();
    });
    this.#queue = this.#sendPrelude(greetingMs).catch(() => undefined);
  }

  run(script: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#enqueue(async () => {
      options.signal?.throwIfAborted();
      await this.#switchTo(options.become);
      const { chunks, reply } = await this.#request("R", script, options);
      const rc = Number(reply.word);
      return { rc, stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr) };
    });
  }

  tunnel(script: string, become?: Become): Promise<Duplex> {
    return this.#enqueue(async () => {
      await this.#switchTo(become);
      const nonce = newNonce();
      const opened = this.#expect(nonce, {});
      this.#write("B", nonce, `lb_end ${nonce} open\n${script}\nexit $?`, undefined);
      await opened;
      const tunnel = new ShellTunnel(this.#stream, () => this.close());
      this.#tunnel = tunnel;
      // From here on nobody else may speak.
      this.#gone = new ConnectionError(`${this.label}: the shell was given up for a tunnel`);
      for (const name of STREAMS) tunnel.receive(name, this.#scanners[name].rest());
      // Not before the caller has the stream, and can hear of it.
      void this.#stream.ended.then((reason) =>
        setImmediate(() => tunnel.finish(`${this.label}: ${reason}`)),
      );
      return tunnel;
    });
  }

  leave(): Promise<void> {
    return this.#enqueue(() => this.#switchTo(undefined));
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#gone ??= new ConnectionError(`${this.label}: the connection was closed`);
      this.#stream.stdin.destroy();
      await this.#stream.kill();
    }
    await this.#stream.ended;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(() => {
      if (this.#gone) throw this.#gone;
      return work();
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }

  async #sendPrelude(timeoutMs = GREETING.timeoutMs): Promise<void> {
    await this.#request("P", this.#prelude, { timeoutMs }, GREETING.most);
  }

  async #switchTo(become: Become | undefined): Promise<void> {
    if (JSON.stringify(this.#inner?.become) === JSON.stringify(become)) return;
    if (this.#inner) {
      const { nonce } = this.#inner;
      this.#inner = undefined;
      const left = this.#expect(nonce, {});
      this.#stream.stdin.write("L\n");
      await left;
    }
    if (!become) return;
    const nonce = newNonce();
    const command = becomeCommand(become, LOOP, nonce);
    const answered = this.#expect(nonce, {}, GREETING.most);
    this.#write("B", nonce, command, undefined);
    // sudo asks three times: it would wait for ever for a second try at a wrong password. Either loop
    // takes an empty line for nothing.
    if (become.password !== undefined) this.#stream.stdin.write(`${become.password}\n\n\n`);
    const { chunks, reply } = await answered;
    if (reply.word !== "hello") {
      throw becomeProblem(become, this.label, Buffer.concat(chunks.stderr).toString());
    }
    this.#inner = { become, nonce };
    await this.#sendPrelude();
  }

  async #request(op: string, script: string, options: RunOptions, most = MOST_KEPT) {
    const nonce = newNonce();
    const answered = this.#expect(nonce, options, most);
    this.#write(op, nonce, script, options.stdin);
    return answered;
  }

  /** Resolves when both streams have shown the nonce. */
  #expect(
    nonce: string,
    options: RunOptions,
    most = MOST_KEPT,
  ): Promise<{ chunks: Pending["chunks"]; reply: Reply }> {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const stop = (error: ConnectionError | Error) => {
        this.#gone ??=
          error instanceof ConnectionError ? error : new ConnectionError(error.message);
        void this.#stream.kill();
        pending.settle();
      };
      const timer =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              const seconds = (options.timeoutMs ?? 0) / 1000;
              stop(new ConnectionTimeout(`${this.label}: no end within ${seconds} s`));
            }, options.timeoutMs);
      const aborted = () =>
        stop(new ConnectionError(`${this.label}: interrupted`, { exitCode: 99 }));
      options.signal?.addEventListener("abort", aborted, { once: true });
      const pending: Pending = {
        nonce,
        options,
        chunks: { stdout: [], stderr: [] },
        most,
        kept: 0,
        replies: {},
        settle: () => {
          clearTimeout(timer);
          // A listener that never came back must not hold up the next script.
          for (const name of STREAMS) this.#stream[name].resume();
          options.signal?.removeEventListener("abort", aborted);
          if (this.#pending === pending) this.#pending = undefined;
          const reply = pending.replies.stdout;
          if (reply && pending.replies.stderr && reply.nonce === nonce) {
            resolve({ chunks: pending.chunks, reply });
          } else if (reply && reply.nonce !== nonce) {
            this.#inner = undefined;
            reject(
              new ConnectionError(`${this.label}: the shell of the become user ended unexpectedly`),
            );
          } else {
            reject(this.#gone ?? new ConnectionError(`${this.label}: the connection was lost`));
          }
        },
      };
      this.#pending = pending;
    });
  }

  #listen(name: OutputStream, readable: Readable): void {
    readable.on("data", (chunk: Buffer) => {
      if (this.#tunnel) {
        this.#tunnel.receive(name, chunk);
        return;
      }
      const pending = this.#pending;
      const nonces = [pending?.nonce, this.#inner?.nonce].filter((n) => n !== undefined);
      const { body, reply } = this.#scanners[name].feed(chunk, nonces);
      if (!pending) return;
      if (body.length > 0) {
        if (pending.options.collect !== false) this.#keep(pending, name, body);
        const busy = pending.options.onOutput?.(name, body);
        if (busy instanceof Promise) {
          readable.pause();
          void busy.finally(() => readable.resume());
        }
      }
      if (reply) {
        pending.replies[name] = reply;
        if (STREAMS.every((stream) => pending.replies[stream])) pending.settle();
      }
    });
    readable.on("error", () => undefined);
  }

  /** @throws nothing: a script that writes without end is ended, and its shell with it */
  #keep(pending: Pending, name: OutputStream, body: Buffer): void {
    pending.kept += body.length;
    if (pending.kept <= pending.most) {
      pending.chunks[name].push(body);
      return;
    }
    const most = Math.round(pending.most / 1024 / 1024);
    this.#gone ??= new ConnectionError(`${this.label}: more than ${most} MB of output`, {
      exitCode: 4,
    });
    for (const stream of STREAMS) pending.chunks[stream].length = 0;
    void this.#stream.kill();
    pending.settle();
  }

  #write(op: string, nonce: string, script: string, stdin: Input | undefined): void {
    const lines = script.split("\n");
    const bytes = stdin === undefined ? "-" : String(inputLength(stdin));
    this.#stream.stdin.write(`${op} ${nonce} ${lines.length} ${bytes}\n${lines.join("\n")}\n`);
    if (stdin instanceof Uint8Array) this.#stream.stdin.write(stdin);
    else if (stdin) this.#sendFile(stdin.path, inputLength(stdin));
  }

  /** A file that shrinks while it is sent would leave the shell waiting for bytes: the shell is ended. */
  #sendFile(path: string, length: number): void {
    if (length === 0) return;
    const source = createReadStream(path, { end: length - 1, highWaterMark: 1 << 18 });
    let sent = 0;
    source.on("data", (chunk) => {
      sent += chunk.length;
    });
    const broken = (why: string) => {
      this.#gone ??= new ConnectionError(`${this.label}: cannot send ${path}: ${why}`);
      void this.#stream.kill();
    };
    source.on("error", (error) => broken(error.message));
    source.on("end", () => {
      if (sent !== length) broken("it changed while it was sent");
    });
    source.pipe(this.#stream.stdin, { end: false });
  }
}

function inputLength(input: Input): number {
  return input instanceof Uint8Array ? input.length : statSync(input.path).size;
}

function newNonce(): string {
  return `lb-${randomBytes(16).toString("hex")}`;
}
