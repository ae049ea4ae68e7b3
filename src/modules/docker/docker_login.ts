/**
 * `community.docker.docker_login`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_login_module.html
 */
import { quote } from "../../connection/connection.ts";
import { type Credentials, DOCKER_HUB, DockerError } from "../../docker/index.ts";
import { fail } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData } from "./lib/json.ts";
import { CredentialStore } from "./login/store.ts";

export const spec = {
  name: "community.docker.docker_login",
  summary: "Logs in to a registry, and out of it",
  options: {
    ...DAEMON_OPTIONS,
    registry_url: {
      type: "str",
      default: DOCKER_HUB,
      aliases: ["registry", "url"],
      description: "Address of the registry.",
    },
    username: { type: "str", description: "User." },
    password: { type: "str", noLog: true, description: "Password." },
    reauthorize: {
      type: "bool",
      default: false,
      aliases: ["reauth"],
      description: "Ask the registry although the account is known already.",
    },
    config_path: {
      type: "path",
      aliases: ["dockercfg_path"],
      description: "The Docker configuration. Default: config.json in DOCKER_CONFIG or ~/.docker.",
    },
    state: {
      type: "str",
      choices: ["present", "absent"],
      default: "present",
      description: "Logged in or out.",
    },
  },
  requiredIf: [["state", "present", ["username", "password"]]],
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { login_result: "What the registry said.", actions: "What was done." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, context, args) => {
  const changes = new Changes(context, args);
  const registry = textOption(args, "registry_url") ?? DOCKER_HUB;
  const path = textOption(args, "config_path");
  const place =
    path === undefined
      ? '"${DOCKER_CONFIG:-$HOME/.docker}/config.json"'
      : path.startsWith("~/")
        ? `"$HOME"/${quote(path.slice(2))}`
        : quote(path);
  const store = await CredentialStore.open(context, place);
  const known = await store.get(registry);
  if (textOption(args, "state") === "absent") {
    if (known) await changes.act(`Logged out of ${registry}`, () => store.erase(registry));
    return changes.result({ login_result: {} });
  }
  const username = textOption(args, "username") ?? "";
  const password = textOption(args, "password") ?? "";
  context.secret(password);
  const same = known?.username === username && known.password === password;
  let said: Record<string, unknown> = { username };
  if (!same || flagOption(args, "reauthorize")) {
    const account: Credentials = { username, password, serveraddress: registry };
    try {
      const { IdentityToken: _, ...answer } = await client.system.login(account);
      said = answer;
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      fail(`Logging into ${registry} for user ${username} failed - ${error.daemonMessage}`);
    }
  }
  if (!same) {
    await changes.act(`Wrote credentials for ${registry}`, () =>
      store.set(registry, username, password),
    );
  }
  return changes.result({ login_result: asData(said) });
});
