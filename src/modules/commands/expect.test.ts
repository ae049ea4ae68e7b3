import { afterAll, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import { runModule } from "../testing.ts";
import * as module from "./expect.ts";

const connection = connectLocal();
afterAll(() => connection.close());
const ask = `sh -c 'printf "Name: "; read n; printf "Again: "; read m; echo "hi $n $m"; exit 0'`;

it("answers questions, the same expression with the next answer each time", async () => {
  const result = await runModule(
    module,
    { command: ask, responses: { "Name|Again": ["bob", "eve"] } },
    connection,
  );
  expect(result).toMatchObject({ changed: true, rc: 0 });
  expect(result.stdout).toContain("hi bob eve");
});
it("tells when a question has no answer in time", async () => {
  const args = { command: ask, responses: { Other: "x" }, timeout: 1 };
  const result = await runModule(module, args, connection);
  expect(result).toMatchObject({ failed: true, msg: "command exceeded timeout" });
});
it("tells when the answers are used up", async () => {
  const args = { command: ask, responses: { "Name|Again": ["bob"] } };
  const result = await runModule(module, args, connection);
  expect(result.failed).toBe(true);
  expect(String(result.msg)).toContain("No remaining responses for 'Name|Again'");
});
it("fails with the command's exit code", async () => {
  const args = { command: "sh -c 'exit 3'", responses: { x: "y" } };
  expect(await runModule(module, args, connection)).toMatchObject({ failed: true, rc: 3 });
});
it("runs nothing when the file is there", async () => {
  const args = { command: ask, responses: { x: "y" }, creates: "/etc/passwd" };
  const result = await runModule(module, args, connection);
  expect(result).toMatchObject({ changed: false, stdout: "skipped, since /etc/passwd exists" });
});
