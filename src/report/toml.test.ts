import { describe, expect, it } from "vitest";
import { Dict } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import { readToml } from "../values/toml-reader.ts";
import { dumpToml } from "./toml.ts";

describe("TOML that is written", () => {
  it("is read as what it was", () => {
    const document = fromJson({
      web: { hosts: { "a b": { x: [1, "é\n", 2.5], on: true } }, vars: { t: { u: "v" } } },
    }) as Dict;
    expect(readToml(dumpToml(document), "x.toml")).toEqual(document);
  });

  it("has no key that is no text", () => {
    const host = new Dict([[7, "x"]]);
    expect(() => dumpToml(new Dict([["host", host]]))).toThrow(
      /The source inventory contains a key that is no text, .*: 7/,
    );
  });
});
