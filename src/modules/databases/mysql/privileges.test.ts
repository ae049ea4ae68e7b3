import { describe, expect, it } from "vitest";
import {
  changes,
  grantStatement,
  parseGrants,
  parsePrivileges,
  revokeStatement,
} from "./privileges.ts";

const plain = (privileges: ReturnType<typeof parsePrivileges>) =>
  Object.fromEntries([...privileges].map(([on, set]) => [on, [...set]]));

describe("privileges of MySQL", () => {
  it("reads texts and dicts", () => {
    expect(plain(parsePrivileges("app.*:SELECT,insert/other.t:ALL"))).toEqual({
      "`app`.*": ["SELECT", "INSERT"],
      "`other`.`t`": ["ALL"],
      "*.*": ["USAGE"],
    });
    expect(plain(parsePrivileges({ "*.*": "ALL,GRANT" }))).toEqual({ "*.*": ["ALL", "GRANT"] });
    expect(plain(parsePrivileges("a.b:SELECT (y,x),UPDATE"))).toMatchObject({
      "`a`.`b`": ["SELECT (x, y)", "UPDATE"],
    });
    expect(() => parsePrivileges("nonsense")).toThrow("invalid privileges string: nonsense");
  });
  const current = parseGrants([
    "GRANT USAGE ON *.* TO `joe`@`localhost` IDENTIFIED BY PASSWORD '*X'",
    "GRANT ALL PRIVILEGES ON `app`.* TO `joe`@`localhost` WITH GRANT OPTION",
    "GRANT SELECT, INSERT ON `old`.* TO `joe`@`localhost`",
  ]);
  it("finds nothing to do where nothing differs", () => {
    const same = parsePrivileges("app.*:ALL,GRANT/old.*:INSERT,SELECT");
    expect(changes(current, same, { append: false, subtract: false })).toEqual([]);
  });
  it("revokes what is not wanted any more, and grants what is missing", () => {
    const wanted = parsePrivileges("app.*:ALL/new.*:SELECT");
    expect(changes(current, wanted, { append: false, subtract: false })).toEqual([
      { on: "`old`.*", grant: [], revoke: ["SELECT", "INSERT"] },
      { on: "`app`.*", grant: [], revoke: ["GRANT"] },
      { on: "`new`.*", grant: ["SELECT"], revoke: [] },
    ]);
    expect(changes(current, wanted, { append: true, subtract: false })).toEqual([
      { on: "`new`.*", grant: ["SELECT"], revoke: [] },
    ]);
    expect(
      changes(current, parsePrivileges("old.*:INSERT,UPDATE"), { append: false, subtract: true }),
    ).toEqual([{ on: "`old`.*", grant: [], revoke: ["INSERT"] }]);
  });
  it("writes statements", () => {
    expect(grantStatement("`a`.*", ["SELECT", "GRANT"], "'j'@'h'", "")).toBe(
      "GRANT SELECT ON `a`.* TO 'j'@'h' WITH GRANT OPTION",
    );
    expect(revokeStatement("`a`.*", ["ALL", "GRANT"], "'j'@'h'")).toBe(
      "REVOKE ALL PRIVILEGES,GRANT OPTION ON `a`.* FROM 'j'@'h'",
    );
  });
});
