/** Options that get_url and uri share, and the request they make. */
import type { Arguments, OptionSpec } from "../module.ts";
import type { HttpRequest, Redirects } from "./http.ts";
import { flagOption, textOption } from "./option-values.ts";

export const URL_OPTIONS = {
  url: { type: "str", required: true, description: "The address." },
  force: {
    type: "bool",
    default: false,
    description: "Ask for the content even if it has not changed.",
  },
  http_agent: {
    type: "str",
    default: "ansible-httpget",
    description: "What the client calls itself.",
  },
  use_proxy: { type: "bool", default: true, description: "Use the proxy of the environment." },
  validate_certs: { type: "bool", default: true, description: "Check the server's certificate." },
  url_username: { type: "str", description: "User for basic authentication." },
  url_password: { type: "str", noLog: true, description: "Password for basic authentication." },
  force_basic_auth: {
    type: "bool",
    default: false,
    description: "Send the password without being asked.",
    noEffect: "It is always sent with the first request.",
  },
  client_cert: { type: "path", description: "Certificate of the client, a file of the target." },
  client_key: { type: "path", description: "Key of the client, a file of the target." },
  ciphers: {
    type: "list",
    elements: "str",
    description: "Ciphers for TLS.",
    noEffect: "The client's own choice is used.",
  },
  decompress: {
    type: "bool",
    default: true,
    description: "Decompress what comes compressed.",
    noEffect: "What the client asked to have compressed is always decompressed.",
  },
  unredirected_headers: {
    type: "list",
    elements: "str",
    default: [],
    description: "Headers not to send after a redirect.",
    noEffect: "Authentication is never sent to another host.",
  },
  use_netrc: {
    type: "bool",
    default: true,
    description: "Read passwords from a netrc file.",
    noEffect: "No netrc file is read.",
  },
  use_gssapi: {
    type: "bool",
    default: false,
    description: "Authenticate by GSSAPI.",
    noEffect: "There is no authentication by GSSAPI.",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** The request that the shared options describe. */
export function requestOf(
  args: Arguments,
  more: Partial<HttpRequest> & { readonly timeout: number },
): HttpRequest {
  const headers = Object.entries((args.headers ?? {}) as Record<string, unknown>).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return {
    url: textOption(args, "url") ?? "",
    method: "GET",
    redirects: "safe" as Redirects,
    user: textOption(args, "url_username"),
    password: textOption(args, "url_password"),
    validateCerts: flagOption(args, "validate_certs") ?? true,
    useProxy: flagOption(args, "use_proxy") ?? true,
    agent: textOption(args, "http_agent") ?? "ansible-httpget",
    clientCert: textOption(args, "client_cert"),
    clientKey: textOption(args, "client_key"),
    ...more,
    headers: [...headers, ...(more.headers ?? [])],
  };
}
