/** Containers of a real daemon as hosts. What is expected is what ansible-inventory says of the same. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DockerClient } from "../docker/index.ts";
import { dockerDaemonInventory, dockerInventory } from "../inventory/docker-containers.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { loadInventory } from "../inventory/load.ts";
import { toPlain } from "../values/python.ts";
import { containerSource } from "./docker-daemons.ts";

const client = new DockerClient();
const folder = mkdtempSync(join(tmpdir(), "layerbook-inventory-"));
let id = "";

const labels = {
  "com.docker.compose.project": "proj",
  "com.docker.compose.service": "web",
  role: "x",
};

beforeAll(async () => {
  const made = await client.containers.create(
    {
      Image: "debian:bookworm",
      Cmd: ["sleep", "600"],
      Labels: labels,
      ExposedPorts: { "22/tcp": {} },
      HostConfig: { PortBindings: { "22/tcp": [{ HostIp: "0.0.0.0", HostPort: "18223" }] } },
    },
    { name: "lbi-runs" },
  );
  id = made.id;
  await client.containers.start(id);
  await client.containers.create({ Image: "debian:bookworm" }, { name: "lbi-made" });
});
afterAll(async () => {
  for (const name of ["lbi-runs", "lbi-made"]) {
    await client.containers.remove(name, { force: true, volumes: true });
  }
  client.close();
  rmSync(folder, { recursive: true });
});

async function load(
  text: string,
  name = "a.docker.yml",
  warn: (message: string) => void = () => undefined,
): Promise<Inventory> {
  const path = join(folder, name);
  writeFileSync(path, `plugin: community.docker.docker_containers\n${text}`);
  return loadInventory({ sources: [path], warn, plugins: [dockerInventory(containerSource)] });
}

function variables(inventory: Inventory, host: string): Record<string, unknown> {
  const vars = inventory.hosts.get(host)?.vars ?? new Map();
  return Object.fromEntries([...vars].map(([key, value]) => [key, toPlain(value)]));
}

/** Groups with their hosts, as far as they are containers of this test. */
function groups(inventory: Inventory): Record<string, string[]> {
  const found = [...inventory.groups.values()].map((group): [string, string[]] => [
    group.name,
    [...group.hosts.keys()].filter((name) => name.startsWith("lbi-")).sort(),
  ]);
  return Object.fromEntries(found.filter(([, hosts]) => hosts.length > 0));
}

it("gives each container a connection through the API, and few variables", async () => {
  const inventory = await load("docker_host: unix://var/run/docker.sock\n");
  expect(variables(inventory, "lbi-runs")).toEqual({
    ansible_connection: "community.docker.docker_api",
    ansible_docker_api_version: "auto",
    ansible_docker_docker_host: "unix://var/run/docker.sock",
    ansible_docker_timeout: 60,
    ansible_docker_tls: false,
    ansible_docker_use_ssh_client: false,
    ansible_docker_validate_certs: false,
    ansible_host: "lbi-runs",
    docker_name: "lbi-runs",
    docker_short_id: id.slice(0, 13),
  });
});

it("has all that the daemon says in verbose_output, and expressions see it in any case", async () => {
  const inventory = await load(`verbose_output: true
connection_type: docker-cli
compose: { short: docker_name + '!' }
groups: { mine: docker_name == "/lbi-runs" }
keyed_groups:
  - { prefix: status, key: docker_state.Status }
  - { prefix: project, key: 'docker_config.Labels["com.docker.compose.project"]' }
`);
  const vars = variables(inventory, "lbi-runs");
  expect(vars).toMatchObject({
    ansible_connection: "community.docker.docker",
    ansible_host: "lbi-runs",
    docker_name: "/lbi-runs",
    docker_state: { Running: true, Status: "running" },
    docker_config: { Labels: labels },
    docker_hostconfig: { NetworkMode: "default" },
    docker_id: id,
    short: "/lbi-runs!",
  });
  expect(groups(inventory)).toMatchObject({
    mine: ["lbi-runs"],
    status_running: ["lbi-runs"],
    status_created: ["lbi-made"],
    project_proj: ["lbi-runs"],
  });
});

it("makes the groups of the old script", async () => {
  const found = groups(
    await load("add_legacy_groups: true\ndocker_host: unix://var/run/docker.sock\n"),
  );
  expect(found).toMatchObject({
    [id]: ["lbi-runs"],
    [id.slice(0, 13)]: ["lbi-runs"],
    "lbi-made": ["lbi-made"],
    "image_debian:bookworm": ["lbi-made", "lbi-runs"],
    running: ["lbi-runs"],
    stopped: ["lbi-made"],
    "unix://var/run/docker.sock": ["lbi-made", "lbi-runs"],
  });
});

it("connects by ssh to the published port", async () => {
  const inventory = await load("connection_type: ssh\ndefault_ip: 192.0.2.9\n");
  expect(variables(inventory, "lbi-runs")).toMatchObject({
    ansible_ssh_host: "192.0.2.9",
    ansible_ssh_port: "18223",
  });
});

it("leaves out what the filters exclude; the first that fits decides", async () => {
  const inventory = await load(`filters:
  - include: docker_name == '/lbi-made'
  - exclude: true
`);
  expect([...inventory.hosts.keys()]).toEqual(["lbi-made"]);
});

it("is strict only when asked", async () => {
  const text = "compose: { never: docker_nothing.at_all }\n";
  expect(variables(await load(text), "lbi-runs")).not.toHaveProperty("never");
  const warnings: string[] = [];
  const strictly = (rest: string) =>
    load(rest, "a.docker.yml", (message) => warnings.push(message));
  await strictly(`strict: true\n${text}`);
  await strictly("verbose: true\n");
  expect(warnings.join("\n")).toContain("Could not set never");
  expect(warnings.join("\n")).toContain("has no option 'verbose'");
});

it("is mixed with static files in a folder, which speak of its hosts", async () => {
  const mixed = join(folder, "mixed");
  mkdirSync(mixed);
  writeFileSync(
    join(mixed, "1.docker.yml"),
    "plugin: community.docker.docker_containers\nverbose_output: true\n",
  );
  writeFileSync(join(mixed, "2-static"), "[builders]\nlbi-runs\n[builders:vars]\nwho=static\n");
  const inventory = await loadInventory({
    sources: [mixed],
    plugins: [dockerInventory(containerSource)],
  });
  expect(groups(inventory).builders).toEqual(["lbi-runs"]);
  expect(variables(inventory, "lbi-runs")).toMatchObject({ docker_state: { Running: true } });
});

it("takes the word docker for the daemon of the environment", async () => {
  const inventory = await loadInventory({
    sources: ["docker"],
    first: [dockerDaemonInventory(containerSource)],
  });
  expect(groups(inventory)).toMatchObject({
    running: ["lbi-runs"],
    stopped: ["lbi-made"],
    state_created: ["lbi-made"],
    image_debian_bookworm: ["lbi-made", "lbi-runs"],
    project_proj: ["lbi-runs"],
    service_web: ["lbi-runs"],
    label_role_x: ["lbi-runs"],
  });
  expect(variables(inventory, "lbi-runs")).toMatchObject({ docker_state: { Running: true } });
});
