/** The tests that every Connection passes. Call it inside a `describe` of the implementation's test. */

import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Connection } from "./connection.ts";

/**
 * @param open gives a fresh connection as root (or as a user who may become root without a password)
 * @param become a user other than the login user that can be become, and by which method
 */
export function connectionContract(
  open: () => Promise<Connection>,
  become?: { readonly user: string; readonly method: string },
): void {
  let connection: Connection;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "layerbook-contract-"));
    connection = await open();
  });
  afterAll(async () => {
    await connection.close();
    rmSync(scratch, { recursive: true });
  });

  it("keeps stdout, stderr and the exit code apart", async () => {
    const result = await connection.run("echo out; echo err >&2; exit 3");
    expect(result.stdout.toString()).toBe("out\n");
    expect(result.stderr.toString()).toBe("err\n");
    expect(result.rc).toBe(3);
  });
  it("gives back output without a final newline, and binary output, byte by byte", async () => {
    expect((await connection.run("printf 'a\\nb'")).stdout.toString()).toBe("a\nb");
    const bytes = randomBytes(300_000);
    const back = await connection.run("cat", { stdin: bytes });
    expect(back.stdout.equals(bytes)).toBe(true);
  });
  it("does not carry the state of one script into the next", async () => {
    await connection.run("cd /; LEFT=1; export LEFT; umask 077; trap 'echo x' EXIT");
    expect((await connection.run('echo "[$LEFT]"; umask')).stdout.toString()).toBe("[]\n0022\n");
  });
  it("survives a script that exits, that is no valid shell, or that reads its input only in part", async () => {
    expect((await connection.run("exit 7")).rc).toBe(7);
    expect((await connection.run("if then ((")).rc).not.toBe(0);
    expect((await connection.run("head -c 1 >/dev/null", { stdin: randomBytes(200_000) })).rc).toBe(
      0,
    );
    expect((await connection.run("cat")).stdout.toString()).toBe("");
    expect((await connection.run("echo alive")).stdout.toString()).toBe("alive\n");
  });
  it("is not held up by a daemon that keeps the streams open", async () => {
    const begun = Date.now();
    const result = await connection.run("sleep 30 & echo $!");
    expect(Date.now() - begun).toBeLessThan(10_000);
    await connection.run(`kill ${result.stdout.toString().trim()}`);
  });
  it("hands on output while the script runs", async () => {
    const times: number[] = [];
    await connection.run("echo a; sleep 0.3; echo b", {
      onOutput: () => void times.push(Date.now()),
    });
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(150);
  });
  it("sends a large file of the controller and gets it back in bounded memory", async () => {
    const path = join(scratch, "large");
    const bytes = randomBytes(20_000_000);
    writeFileSync(path, bytes);
    const hash = createHash("sha256");
    const result = await connection.run("cat", {
      stdin: { path },
      collect: false,
      onOutput: (stream, chunk) => {
        if (stream === "stdout") hash.update(chunk);
      },
    });
    expect(result.stdout.length).toBe(0);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });
  it("serves calls made at once one after the other", async () => {
    const results = await Promise.all([1, 2, 3, 4].map((n) => connection.run(`echo ${n}`)));
    expect(results.map((r) => r.stdout.toString().trim())).toEqual(["1", "2", "3", "4"]);
  });
  it("shows nothing of a script in the process list", async () => {
    const result = await connection.run(
      "pw=s3cr3t-value; for f in /proc/[0-9]*/cmdline; do cat $f 2>/dev/null; done | grep -c s3cr3[t]-value; :",
    );
    expect(result.stdout.toString().trim()).toBe("0");
  });
  if (become) {
    it("becomes another user and comes back", async () => {
      const as = await connection.run("id -un; cat", { become, stdin: Buffer.from("input") });
      expect(as.stdout.toString()).toBe(`${become.user}\ninput`);
      await connection.leave();
      const mine = await connection.run("id -un");
      expect(mine.stdout.toString().trim()).not.toBe(become.user);
    });
    it("says so when the user does not exist, and goes on", async () => {
      const wrong = { user: "nosuchuser", method: become.method };
      await expect(connection.run("id", { become: wrong })).rejects.toThrow("nosuchuser");
      expect((await connection.run("echo on")).stdout.toString()).toBe("on\n");
    });
  }
  it("refuses to go on once a script ran out of time", async () => {
    const other = await open();
    await expect(other.run("sleep 60", { timeoutMs: 200 })).rejects.toThrow("no end within 0.2 s");
    await expect(other.run("true")).rejects.toThrow();
    await other.close();
  });
}
