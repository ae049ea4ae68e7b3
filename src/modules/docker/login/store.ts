/**
 * Where the Docker CLI keeps accounts: its configuration file, or the credential helper that it names.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
import { quote } from "../../../connection/connection.ts";
import { messageOf } from "../../../errors/index.ts";
import { fail } from "../../lib/failure.ts";
import type { ModuleContext } from "../../module.ts";
import { isObject, objectAt, textAt } from "../lib/json.ts";

export class CredentialStore {
  readonly #context: ModuleContext;
  /** The file's path as words of a shell. */
  readonly #place: string;
  readonly #config: Record<string, unknown>;

  constructor(context: ModuleContext, place: string, config: Record<string, unknown>) {
    this.#context = context;
    this.#place = place;
    this.#config = config;
  }

  static async open(context: ModuleContext, place: string): Promise<CredentialStore> {
    const { stdout } = await context.sh(`test ! -e ${place} || cat ${place}`);
    const text = stdout.toString();
    if (text.trim() === "") return new CredentialStore(context, place, {});
    try {
      const config: unknown = JSON.parse(text);
      return new CredentialStore(context, place, isObject(config) ? { ...config } : {});
    } catch (error) {
      return fail(`the Docker configuration is no valid JSON: ${messageOf(error)}`);
    }
  }

  async get(registry: string): Promise<{ username: string; password: string } | undefined> {
    const helper = this.#helper(registry);
    if (helper) {
      const { rc, stdout } = await this.#ask(helper, "get", registry);
      if (rc !== 0) return undefined;
      const answer: unknown = JSON.parse(stdout.toString());
      return {
        username: textAt(answer, "Username") ?? "",
        password: textAt(answer, "Secret") ?? "",
      };
    }
    const auth = textAt(this.#config.auths, registry, "auth");
    if (auth === undefined) return undefined;
    const decoded = Buffer.from(auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }

  async set(registry: string, username: string, password: string): Promise<void> {
    const helper = this.#helper(registry);
    if (helper) {
      const account = JSON.stringify({ ServerURL: registry, Username: username, Secret: password });
      await this.#tell(helper, "store", account);
      return;
    }
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    this.#config.auths = { ...objectAt(this.#config, "auths"), [registry]: { auth } };
    await this.#write();
  }

  async erase(registry: string): Promise<void> {
    const helper = this.#helper(registry);
    if (helper) {
      await this.#tell(helper, "erase", registry);
      return;
    }
    const { [registry]: _, ...rest } = objectAt(this.#config, "auths");
    this.#config.auths = rest;
    await this.#write();
  }

  #helper(registry: string): string | undefined {
    return (
      textAt(this.#config, "credHelpers", registry) ??
      (textAt(this.#config, "credsStore") || undefined)
    );
  }

  #ask(helper: string, verb: string, input: string) {
    const program = quote(`docker-credential-${helper}`);
    return this.#context.sh(`${program} ${verb}`, { stdin: Buffer.from(input) });
  }

  async #tell(helper: string, verb: string, input: string): Promise<void> {
    const { rc, stdout, stderr } = await this.#ask(helper, verb, input);
    if (rc === 0) return;
    const said = `${stdout.toString()}${stderr.toString()}`.trim();
    fail(`docker-credential-${helper} ${verb} failed: ${said}`);
  }

  /** It holds passwords: nobody else may read it, not even while it is written. */
  async #write(): Promise<void> {
    const p = this.#place;
    const text = `${JSON.stringify(this.#config, null, 4)}\n`;
    const { rc, stderr } = await this.#context.sh(
      `umask 077; f=${p}; mkdir -p -- "\${f%/*}" && cat >"$f.new" && mv -f -- "$f.new" "$f"`,
      { stdin: Buffer.from(text) },
    );
    if (rc !== 0) fail(`cannot write the Docker configuration: ${stderr.toString().trim()}`);
  }
}
