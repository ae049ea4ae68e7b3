import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { createServer as createTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DockerClient, type EngineEvent } from "./index.ts";

const IMAGE = "debian:bookworm";
const PREFIX = `docker-test-${process.pid}`;
const SOCKET = "/var/run/docker.sock";
const client = new DockerClient();
let serial = 0;
let dir: string;
let main: string;

async function container(more: object = {}): Promise<string> {
  const name = `${PREFIX}-${serial++}`;
  const body = { Image: IMAGE, Cmd: ["sleep", "600"], StopTimeout: 0, Labels: { [PREFIX]: "1" } };
  await client.containers.create({ ...body, ...more }, { name });
  await client.containers.start(name);
  return name;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-engine-"));
  main = await container();
});
afterAll(async () => {
  const filters = { label: [PREFIX] };
  for (const { Id } of await client.containers.list({ all: true, filters })) {
    await client.containers.remove(Id, { force: true, volumes: true });
  }
  for (const { Id } of await client.networks.list(filters)) await client.networks.remove(Id);
  for (const { Name } of await client.volumes.list(filters)) await client.volumes.remove(Name);
  client.close();
  rmSync(dir, { recursive: true });
});

describe("exec", () => {
  it("keeps streams and exit code apart, with an input that ends", async () => {
    const script = "cat; echo out; echo err >&2; exit 7";
    const input = randomBytes(3_000_000);
    const result = await client.exec.run(main, ["sh", "-c", script], { input });
    expect(result.exitCode).toBe(7);
    expect(result.stdout.equals(Buffer.concat([input, Buffer.from("out\n")]))).toBe(true);
    expect(result.stderr.toString()).toBe("err\n");
  });
  it("takes 100 MB through a reader that is slow, in bounded memory", async () => {
    const command = "head -c 100000000 /dev/zero";
    const process_ = await client.exec.start(main, ["sh", "-c", command], { stdin: false });
    process_.stderr.resume();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(process.memoryUsage().rss).toBeLessThan(1.2e9);
    let size = 0;
    for await (const chunk of process_.stdout) size += (chunk as Buffer).length;
    expect(size).toBe(100_000_000);
    expect(await process_.exitCode()).toBe(0);
  });
  it("gives a terminal, a user, a directory and an environment", async () => {
    const script = 'test -t 1 && read -r line && echo "terminal $(id -un) $PWD $GREETING $line"';
    const result = await client.exec.run(main, ["sh", "-c", script], {
      tty: true,
      user: "nobody",
      workdir: "/tmp",
      env: ["GREETING=hello"],
      input: Buffer.from("typed\n"),
    });
    expect(result.stdout.toString()).toContain("terminal nobody /tmp hello typed\r\n");
  });
  it("stops waiting when it is told to", async () => {
    const signal = AbortSignal.timeout(200);
    await expect(client.exec.run(main, ["sleep", "30"], { signal })).rejects.toThrow(/timeout/);
  });
  it("says which program is not there, and which container", async () => {
    const result = await client.exec.run(main, ["no-such-program"]);
    expect(result.exitCode).toBe(126);
    expect(result.stdout.toString()).toContain("no-such-program");
    await expect(client.exec.run(`${PREFIX}-none`, ["true"])).rejects.toMatchObject({
      status: 404,
      message: `Docker: No such container: ${PREFIX}-none`,
    });
  });
});

describe("containers", () => {
  it("live and end", async () => {
    const name = await container();
    const listed = await client.containers.list({ filters: { name: [name] } });
    expect(listed[0]?.Names).toEqual([`/${name}`]);
    const waiting = client.containers.wait(name);
    await client.containers.stop(name, { seconds: 0 });
    expect((await waiting).exitCode).toBe(137);
    expect((await client.containers.inspect(name)).State.Running).toBe(false);
    await client.containers.start(name);
    await client.containers.start(name);
    await client.containers.rename(name, `${name}-renamed`);
    await client.containers.remove(`${name}-renamed`, { force: true });
    await expect(client.containers.inspect(name)).rejects.toMatchObject({ status: 404 });
  });
  it("take files and give them back", async () => {
    const packed = execFileSync("sh", [
      "-c",
      `mkdir -p ${dir}/put && head -c 100000 /dev/urandom >${dir}/put/file && chmod 640 ${dir}/put/file && tar --owner=7 --group=8 -C ${dir} -c put`,
    ]);
    await client.containers.putArchive(main, "/srv", packed, { keepOwner: true });
    const { stdout } = await client.exec.run(main, ["stat", "-c", "%a %u %g", "/srv/put/file"]);
    expect(stdout.toString()).toBe("640 7 8\n");
    const { archive, stat } = await client.containers.getArchive(main, "/srv/put");
    expect(stat).toMatchObject({ name: "put" });
    mkdirSync(join(dir, "got"));
    const unpack = spawn("tar", ["-x", "-C", join(dir, "got")], { stdio: ["pipe", "ignore", 2] });
    archive.pipe(unpack.stdin as NodeJS.WritableStream);
    await new Promise((resolve) => unpack.on("close", resolve));
    const read = (path: string) => readFileSync(join(dir, path));
    expect(read("got/put/file").equals(read("put/file"))).toBe(true);
    await expect(client.containers.getArchive(main, "/nothing/here")).rejects.toMatchObject({
      status: 404,
    });
  });
  it("become images by commit", async () => {
    await client.exec.run(main, ["sh", "-c", "echo kept >/kept"]);
    const repo = `${PREFIX}/committed`;
    const id = await client.containers.commit(main, {
      repo,
      tag: "1",
      author: "ann",
      comment: "c",
    });
    try {
      const found = await client.images.inspect(`${repo}:1`);
      expect(found.Id).toBe(id);
      expect(found).toMatchObject({ Author: "ann", Comment: "c" });
      expect(found.RootFS.Layers?.length).toBe(2);
      await client.images.tag(id, `${repo}:2`);
      expect((await client.images.history(`${repo}:2`))[0]?.Comment).toBe("c");
    } finally {
      await client.images.remove(`${repo}:1`);
      await client.images.remove(`${repo}:2`);
    }
  });
  it("show what they wrote", async () => {
    const name = await container({ Cmd: ["sh", "-c", "echo hello; echo oops >&2"] });
    await client.containers.wait(name);
    const log = await client.containers.logs(name);
    const chunks: Buffer[] = [];
    for await (const chunk of log) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("latin1");
    expect(text).toContain("hello\n");
    expect(text).toContain("oops\n");
  });
});

describe("the daemon", () => {
  it("tells what it is, in the version that both know", async () => {
    await client.system.ping();
    const version = await client.system.version();
    expect(await client.system.apiVersion()).toBe(String(version.ApiVersion));
    expect((await client.system.info()).OSType).toBe("linux");
    expect(await client.system.diskUsage()).toHaveProperty("Images");
    expect(await client.system.usesContainerdStore()).toBe(false);
    const old = new DockerClient({ ...process.env, DOCKER_API_VERSION: "1.30" });
    expect(await old.system.apiVersion()).toBe("1.30");
    expect((await old.containers.list()).length).toBeGreaterThan(0);
    const newer = new DockerClient({ ...process.env, DOCKER_API_VERSION: "1.99" });
    await expect(newer.system.info()).rejects.toThrow(/client version 1.99 is too new/);
  });
  it("tells events as they happen", async () => {
    const stop = new AbortController();
    const seen: EngineEvent[] = [];
    const filters = { label: [PREFIX], type: ["container"] };
    const listening = (async () => {
      for await (const event of client.system.events({ filters, signal: stop.signal })) {
        seen.push(event);
        if (event.Action === "start") break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await container();
    await listening;
    expect(seen.map(({ Action }) => Action)).toEqual(["create", "start"]);
  });
  it("keeps networks and volumes", async () => {
    const Labels = { [PREFIX]: "1" };
    const id = await client.networks.create({ Name: `${PREFIX}-net`, Labels });
    await client.networks.connect(id, main);
    const found = await client.networks.inspect(`${PREFIX}-net`);
    expect(Object.keys(found.Containers ?? {}).length).toBe(1);
    await client.networks.disconnect(id, main);
    await client.volumes.create({ Name: `${PREFIX}-vol`, Labels });
    expect((await client.volumes.inspect(`${PREFIX}-vol`)).Driver).toBe("local");
    expect((await client.volumes.list({ label: [PREFIX] })).length).toBe(1);
  });
  it("refuses an archive that is none in its own words", async () => {
    const noise = Readable.from([randomBytes(100_000)]);
    await expect(client.images.load(noise)).rejects.toThrow(/^Docker: .*tar/);
  });
  it("is told of a body that fails on the way", async () => {
    const body = new PassThrough();
    body.write(Buffer.alloc(1000));
    setTimeout(() => body.destroy(new Error("the disk broke")), 50);
    await expect(client.images.load(body)).rejects.toThrow("the disk broke");
  });
});

describe("the way to the daemon", () => {
  const servers: { close(): void }[] = [];
  let sshd: ChildProcess | undefined;
  const path = process.env.PATH;
  afterAll(() => {
    for (const server of servers) server.close();
    sshd?.kill();
    process.env.PATH = path;
  });
  const portOf = async (server: ReturnType<typeof createTcp>): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const works = async (env: NodeJS.ProcessEnv) => {
    const far = new DockerClient(env);
    const input = randomBytes(500_000);
    const back = await far.exec.run(main, ["cat"], { input });
    expect(back.stdout.equals(input)).toBe(true);
    expect(back.exitCode).toBe(0);
    far.close();
  };

  it("may be TCP", async () => {
    const server = createTcp({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: SOCKET, allowHalfOpen: true });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
    });
    await works({ DOCKER_HOST: `tcp://127.0.0.1:${await portOf(server)}` });
  });
  it("may be TLS, with certificates on both sides that are checked", async () => {
    execFileSync(
      "sh",
      [
        "-ec",
        `openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca-key.pem -out ca.pem
         for who in server cert; do
           openssl req -newkey rsa:2048 -nodes -subj /CN=$who -keyout $who-key.pem -out $who.csr
           echo 'subjectAltName=IP:127.0.0.1' >ext
           openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile ext -out $who.pem
         done; mv cert-key.pem key.pem`,
      ],
      { cwd: dir, stdio: "ignore" },
    );
    const read = (name: string) => readFileSync(join(dir, name));
    const options = { key: read("server-key.pem"), cert: read("server.pem"), ca: read("ca.pem") };
    const server = createTls(
      { ...options, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true },
      (near) => {
        const far = connect({ path: SOCKET, allowHalfOpen: true });
        near.pipe(far).pipe(near);
        near.on("error", () => far.destroy());
      },
    );
    server.on("tlsClientError", () => undefined);
    const DOCKER_HOST = `tcp://127.0.0.1:${await portOf(server)}`;
    await works({ DOCKER_HOST, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: dir });
    const stranger = new DockerClient({
      DOCKER_HOST,
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: "/nonexistent",
    });
    await expect(stranger.system.ping()).rejects.toMatchObject({
      message: expect.stringContaining("cannot trust the Docker daemon"),
      hint: expect.stringContaining("DOCKER_CERT_PATH"),
    });
  });
  it("may be ssh", async () => {
    const port = await portOf(createTcp());
    servers.pop()?.close();
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, "host")]);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, "user")]);
    chmodSync(dir, 0o700);
    mkdirSync("/run/sshd", { recursive: true });
    writeFileSync(
      join(dir, "sshd_config"),
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${dir}/host\nAuthorizedKeysFile ${dir}/user.pub\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n`,
    );
    writeFileSync(
      join(dir, "ssh_config"),
      `Host *\n IdentityFile ${dir}/user\n IdentitiesOnly yes\n UserKnownHostsFile ${dir}/known\n StrictHostKeyChecking accept-new\n BatchMode yes\n LogLevel ERROR\n`,
    );
    mkdirSync(join(dir, "bin"));
    writeFileSync(join(dir, "bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${dir}/ssh_config "$@"\n`);
    chmodSync(join(dir, "bin/ssh"), 0o755);
    sshd = spawn("/usr/sbin/sshd", ["-D", "-f", join(dir, "sshd_config")], { stdio: "ignore" });
    process.env.PATH = `${join(dir, "bin")}:${path}`;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await works({ DOCKER_HOST: `ssh://root@127.0.0.1:${port}` });
    const nobody = new DockerClient({ DOCKER_HOST: `ssh://nosuchuser@127.0.0.1:${port}` });
    await expect(nobody.system.ping()).rejects.toThrow(/ssh:\/\/nosuchuser@.*Permission denied/);
  });
  it("is explained when it is closed", async () => {
    const away = (host: string) => new DockerClient({ DOCKER_HOST: host }).system.ping();
    await expect(away("unix:///nonexistent.sock")).rejects.toThrow("there is no such socket");
    await expect(away("tcp://127.0.0.1:1")).rejects.toThrow("nothing listens there");
    await expect(away("tcp://no-such-host.invalid:1")).rejects.toThrow("cannot be resolved");
    process.seteuid?.(65534);
    try {
      await expect(away(`unix://${SOCKET}`)).rejects.toMatchObject({
        message: `permission denied: the Docker daemon at unix://${SOCKET} (from DOCKER_HOST) does not let this user in`,
        hint: expect.stringContaining("usermod -aG docker"),
      });
    } finally {
      process.seteuid?.(0);
    }
  });
});
