import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Dict, type Value } from "../../values/model.ts";
import { repr } from "../../values/text.ts";
import { Environment } from "../environment.ts";
import { Templar } from "../templar.ts";

/**
 * Templates of our own and what ansible-core 2.14.18 with ansible.utils and community.general (as in
 * Debian's ansible 7.7.0) made of them: filters, tests and lookups the conformance cases leave out.
 */

const NETWORKS: Value = [
  "10.0.0.1/24",
  "192.168.1.1",
  "fe80::1",
  "foo",
  "8.8.8.8",
  "2001:db8::1/64",
  "10.0.0.0/24",
  "10.0.0.6/31",
  "172.16.5.0/30",
  "127.0.0.1",
  "224.0.0.1",
  "0.0.0.0/0",
  "169.254.9.9/16",
  "::ffff:10.1.2.3",
  "100.64.0.1",
  "255.255.255.0",
  "1.2.3.4/32",
];

interface Recorded {
  readonly template: string;
  readonly repr?: string;
  readonly error?: string;
}

const recorded = readFileSync(new URL("recorded.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

describe("recorded answers", () => {
  const variables = new Dict([["nets", NETWORKS]]);
  const environment = new Environment();
  const source = {
    get: (name: string) => variables.get(name),
    names: () => ["nets"],
  };

  it.each(recorded)("$template", (answer) => {
    const evaluate = () => repr(new Templar(environment, source).template(answer.template));
    if (answer.error === undefined) expect(evaluate()).toBe(answer.repr);
    else expect(evaluate).toThrow();
  });
});
