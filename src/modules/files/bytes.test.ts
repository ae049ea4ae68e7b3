/** Nothing of a file or of its name is lost or changed on the way. */
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data, Module, ModuleResult } from "../module.ts";
import { runModule, type TestRun } from "../testing.ts";
import * as blockinfile from "./blockinfile.ts";
import * as copy from "./copy.ts";
import * as fetch from "./fetch.ts";
import * as file from "./file.ts";
import * as find from "./find.ts";
import * as lineinfile from "./lineinfile.ts";
import * as replace from "./replace.ts";
import * as slurp from "./slurp.ts";
import * as stat from "./stat.ts";

const connection = connectLocal();
const d = mkdtempSync("/tmp/lb-bytes-");
const local = mkdtempSync("/tmp/lb-local-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
  rmSync(local, { recursive: true });
});
const run = (
  module: Module,
  args: Record<string, Data>,
  more: TestRun = {},
): Promise<ModuleResult> =>
  runModule(module, args, connection, { controllerDirectory: local, ...more });
/** Runs it twice: the second time nothing may change. */
async function twice(module: Module, args: Record<string, Data>): Promise<ModuleResult> {
  const checked = await run(module, args, { checkMode: true });
  const first = await run(module, args);
  expect(first).toMatchObject({ changed: true });
  expect(checked).toMatchObject({ changed: true });
  expect(await run(module, args)).toMatchObject({ changed: false });
  return first;
}

const NAMES = [
  "a b",
  "quote'd",
  'double"q',
  "new\nline",
  "-dash",
  "$HOME",
  "b\\s",
  "*glob?",
  "é",
  " lead",
  "t\tab",
];

describe.each(NAMES)("a name like %j", (name) => {
  it("is made, copied to, edited, found and removed", async () => {
    // A dollar in a path is a variable; in a name that is looked for it is written so that it is none.
    const path = join(d, name).replace("$HOME", `\${LB_NONE}`);
    await twice(copy, { content: "x=1\n", dest: path });
    await twice(lineinfile, { path, line: "y=2" });
    await twice(blockinfile, { path, block: "z" });
    expect(await run(replace, { path, regexp: "^x", replace: "w" })).toMatchObject({
      changed: true,
    });
    expect(await run(stat, { path })).toMatchObject({ stat: { exists: true, isreg: true } });
    const slurped = await run(slurp, { src: path });
    expect(Buffer.from(String(slurped.content), "base64").toString()).toMatch(/^w=1\ny=2\n/);
    const listed = await run(find, { paths: d });
    expect((listed.files as { path: string }[]).map((entry) => entry.path)).toContain(path);
    await twice(file, { path: `${path}.d/e`, state: "directory", mode: "0711" });
    await twice(file, { path: `${path}.l`, src: path, state: "link" });
    await twice(file, { path, state: "absent" });
  });
});

describe("names in a directory that is copied", () => {
  it("arrive as they are, with modes, and are unchanged the second time", async () => {
    const root = join(local, "tree");
    mkdirSync(join(root, "em pty"), { recursive: true });
    for (const name of NAMES) writeFileSync(join(root, name), name);
    writeFileSync(join(root, "n".repeat(200)), "long");
    mkdirSync(join(root, "p".repeat(90), "q".repeat(90)), { recursive: true });
    writeFileSync(join(root, "p".repeat(90), "q".repeat(90), "deep"), "deep");
    await twice(copy, { src: "tree/", dest: join(d, "tree"), mode: "0640" });
    for (const name of NAMES) expect(readFileSync(join(d, "tree", name), "utf8")).toBe(name);
    expect(existsSync(join(d, "tree", "em pty"))).toBe(true);
    expect(readFileSync(join(d, "tree", "p".repeat(90), "q".repeat(90), "deep"), "utf8")).toBe(
      "deep",
    );
    expect(statSync(join(d, "tree", "a b")).mode & 0o7777).toBe(0o640);
    writeFileSync(join(root, "a b"), "other");
    await twice(copy, { src: "tree/", dest: join(d, "tree"), mode: "0640" });
    expect(readFileSync(join(d, "tree", "a b"), "utf8")).toBe("other");
    await twice(copy, { src: join(d, "tree/"), dest: join(d, "again"), remote_src: true });
    expect(readdirSync(join(d, "again"))).toEqual(readdirSync(join(d, "tree")));
  });
  it("are found when they are no UTF-8", async () => {
    await connection.run(`mkdir ${d}/raw; : >${d}/raw/"$(printf 'a\\377b')"`);
    const listed = await run(find, { paths: join(d, "raw") });
    const [entry] = listed.files as { path: string }[];
    expect(entry?.path).toBe(`${d}/raw/a\udcffb`);
    await twice(file, { path: entry?.path ?? "", mode: "0600" });
    await twice(file, { path: entry?.path ?? "", state: "absent" });
    expect(readdirSync(join(d, "raw"))).toEqual([]);
  });
});

describe("content", () => {
  const binary = Buffer.concat([
    Buffer.from([0, 255, 254, 13, 10, 0]),
    randomBytes(5000),
    Buffer.from("end"),
  ]);
  beforeAll(() => writeFileSync(join(local, "binary"), binary));
  it("that is binary is copied and edited without loss", async () => {
    const path = join(d, "binary");
    await twice(copy, { src: "binary", dest: path });
    expect(readFileSync(path).equals(binary)).toBe(true);
    await twice(lineinfile, { path, line: "added" });
    expect(readFileSync(path).equals(Buffer.concat([binary, Buffer.from("\nadded\n")]))).toBe(true);
  });
  it("keeps CRLF and a missing final newline where nothing is to be changed", async () => {
    const path = join(d, "crlf");
    writeFileSync(path, "a=1\r\nb=2\r\nc=3");
    await twice(lineinfile, { path, regexp: "^b=", line: "b=9" });
    expect(readFileSync(path, "latin1")).toBe("a=1\r\nb=9\nc=3");
    await twice(blockinfile, { path, block: "x", insertbefore: "^c" });
    expect(readFileSync(path, "latin1")).toBe(
      "a=1\r\nb=9\n# BEGIN ANSIBLE MANAGED BLOCK\nx\n# END ANSIBLE MANAGED BLOCK\nc=3",
    );
  });
  it("of one very long line is edited", async () => {
    const path = join(d, "long");
    const line = "x".repeat(3_000_000);
    writeFileSync(path, `${line}\n`);
    await twice(lineinfile, { path, line: "short" });
    expect(readFileSync(path, "utf8")).toBe(`${line}\nshort\n`);
  });
  it("of 100 MB goes over and back", { timeout: 60_000 }, async () => {
    const big = join(local, "big");
    writeFileSync(big, "begin");
    truncateSync(big, 100 << 20);
    const result = await run(copy, { src: "big", dest: join(d, "big") });
    expect(result).toMatchObject({ changed: true, size: 100 << 20 });
    expect(await run(copy, { src: "big", dest: join(d, "big") })).toMatchObject({ changed: false });
    await run(fetch, { src: join(d, "big"), dest: `${local}/back`, flat: true });
    const sum = (path: string) => createHash("sha1").update(readFileSync(path)).digest("hex");
    expect(sum(`${local}/back`)).toBe(sum(big));
  });
  it("is never readable by others on its way to a private file", async () => {
    const path = join(d, "secret");
    await twice(copy, { content: "secret", dest: path, mode: "0600" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await twice(copy, { content: "secret2", dest: path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(d).filter((name) => name.startsWith(".lb-"))).toEqual([]);
  });
});
