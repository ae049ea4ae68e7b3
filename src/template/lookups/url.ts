import { spawnSync } from "node:child_process";
import { splitLines } from "../../values/methods/text.ts";
import { Dict, type Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { TemplateRuntimeError } from "../errors.ts";
import type { EvaluationContext, Lookup } from "../plugin.ts";
import { environmentOf } from "./files.ts";
import { flagOption, intOption, type Options, termText, textOption } from "./shared.ts";

/**
 * The `url` lookup. Templates are evaluated synchronously, so the request is made by a second
 * process of this program's own runtime; what it needs to know comes on its standard input.
 */

/** Answers with JSON: a status and a body in base 64, or an error. */
const FETCHER = `
let input = "";
process.stdin.on("data", (part) => { input += part; });
process.stdin.on("end", async () => {
  const { url, method, headers, timeout, redirect } = JSON.parse(input);
  try {
    const answer = await fetch(url, { method, headers, redirect, signal: AbortSignal.timeout(timeout) });
    const body = Buffer.from(await answer.arrayBuffer()).toString("base64");
    process.stdout.write(JSON.stringify({ status: answer.status, reason: answer.statusText, body }));
  } catch (error) {
    const cause = error.cause ? (error.cause.message || error.cause.code) : "";
    process.stdout.write(JSON.stringify({ error: cause || error.message }));
  }
});
`;

interface Answer {
  readonly status?: number;
  readonly reason?: string;
  readonly body?: string;
  readonly error?: string;
}

function fail(message: string, hint?: string): never {
  throw new TemplateRuntimeError("AnsibleError", message, { hint });
}

function requestHeaders(options: Options): Record<string, string> {
  const headers: Record<string, string> = {
    "user-agent": textOption(options, "http_agent", "ansible-httpget"),
  };
  const own = options.get("headers");
  if (own instanceof Dict) for (const [key, value] of own) headers[str(key)] = str(value);
  if (flagOption(options, "force", false)) headers["cache-control"] = "no-cache";
  const user = textOption(options, "username", textOption(options, "url_username", ""));
  const secret = textOption(options, "password", textOption(options, "url_password", ""));
  if (user !== "")
    headers.authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
  return headers;
}

const UNSUPPORTED: readonly string[] = [
  "use_gssapi",
  "unix_socket",
  "ca_path",
  "client_cert",
  "client_key",
];

function request(url: string, options: Options, context: EvaluationContext): Buffer {
  for (const name of UNSUPPORTED) {
    const value = options.get(name);
    if (value !== undefined && value !== null && value !== false) {
      fail(`The option ${name} of the lookup 'url' is not supported`);
    }
  }
  const follow = textOption(options, "follow_redirects", "urllib2");
  const environment: Record<string, string | undefined> = { ...environmentOf(context) };
  if (!flagOption(options, "validate_certs", true)) environment.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  // Honoured by Node 24 and later; earlier ones connect directly.
  if (flagOption(options, "use_proxy", true)) environment.NODE_USE_ENV_PROXY = "1";
  const timeout = intOption(options, "timeout", 10) * 1000;
  const run = spawnSync(process.execPath, ["-e", FETCHER], {
    input: JSON.stringify({
      url,
      method: "GET",
      headers: requestHeaders(options),
      timeout,
      redirect: /^(?:no|none)$/i.test(follow) ? "manual" : "follow",
    }),
    env: environment as NodeJS.ProcessEnv,
    maxBuffer: 512 * 1024 * 1024,
    timeout: timeout + 5000,
  });
  if (run.error) return fail(`Failed lookup url for ${url} : ${run.error.message}`);
  const answer = JSON.parse(run.stdout.toString("utf8") || '{"error":"no answer"}') as Answer;
  if (answer.error !== undefined) {
    const insecure = /certificate|self.signed/i.test(answer.error);
    return fail(
      `Failed lookup url for ${url} : ${answer.error}`,
      insecure ? "For a server with a private certificate set validate_certs=false." : undefined,
    );
  }
  const status = answer.status ?? 0;
  if (status >= 400) {
    return fail(`Received HTTP error for ${url} : HTTP Error ${status}: ${answer.reason ?? ""}`);
  }
  return Buffer.from(answer.body ?? "", "base64");
}

const url: Lookup = (terms, options, context) =>
  terms.flatMap((term): Value[] => {
    const address = termText(term);
    if (!/^https?:\/\//i.test(address)) {
      return fail(`Failed lookup url for ${address} : only http and https are supported`);
    }
    const text = request(address, options, context).toString("utf8");
    return flagOption(options, "split_lines", true) ? splitLines(text) : [text];
  });

export const lookups: Readonly<Record<string, Lookup>> = { url };
