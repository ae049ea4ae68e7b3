import { expect, it } from "vitest";
import { PyFloat } from "../values/model.ts";
import { decodeParts, encodeParts, type StepParts } from "./step-parts.ts";

const PARTS: StepParts = {
  module: "m",
  revision: "1",
  args: { a: { value: new PyFloat(1) }, b: { value: 1 } },
  inputs: [],
  become: [null, null, null, null],
  environment: {},
  modes: [false, false, 0],
};

it("keeps floats apart from integers", () => {
  const { args } = decodeParts(encodeParts(PARTS)) ?? PARTS;
  expect(args.a).not.toEqual({ value: 1 });
  expect(args.b).toEqual({ value: 1 });
});

it.each([
  ["nothing", undefined],
  ["another version's", { module: "m" } as unknown as string],
  ["a text that is no JSON", "{"],
  ["less than all", '{"module":"m"}'],
  ["JSON of another kind", "[]"],
])("makes nothing of %s", (_what, text) => expect(decodeParts(text)).toBeUndefined());
