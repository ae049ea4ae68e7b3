import { describe, expect, it } from "vitest";
import { MOST_LAYERS, planLayers, type StackedLayer } from "./layering.ts";

function part(task: string, size = 1, role?: string, play = "site"): StackedLayer {
  const layer = {
    id: `${task}-${size}`,
    content: "sha256:0" as const,
    size,
    files: { written: 1, removed: 0 },
  };
  return { layer, task, title: task, module: "ansible.builtin.file", role, play };
}

const titles = (layers: ReturnType<typeof planLayers>) =>
  layers.map((layer) => layer.parts.map((p) => p.title).join("+"));

describe("planLayers", () => {
  it("makes one layer of all items of a loop", () => {
    expect(
      titles(planLayers([part("a"), part("b", 1), part("b", 2), part("c")], "task", 1)),
    ).toEqual(["a", "b+b", "c"]);
  });
  it("gathers small neighbours and leaves large layers alone, the same way for every image that begins so", () => {
    const stack = [
      part("a"),
      part("b", 9),
      part("large", 5_000_000),
      part("c"),
      part("d"),
      part("e", 70_000),
      part("f"),
    ];
    const expected = ["a+b", "large", "c+d", "e", "f"];
    expect(titles(planLayers(stack, "auto", 1))).toEqual(expected);
    expect(titles(planLayers([...stack, part("other", 80_000)], "auto", 1)).slice(0, 5)).toEqual(
      expected,
    );
    const many = Array.from({ length: 60 }, (_, n) => part(`t${n}`, 60_000));
    expect(planLayers(many, "auto", 1).every((layer) => layer.size <= 1 << 20)).toBe(true);
  });
  it("folds by role, by play, or all", () => {
    const stack = [
      part("a", 1, "web"),
      part("b", 1, "web"),
      part("c", 1, "db"),
      part("d", 1, undefined, "two"),
    ];
    expect(titles(planLayers(stack, "role", 1))).toEqual(["a+b", "c", "d"]);
    expect(titles(planLayers(stack, "play", 1))).toEqual(["a+b+c", "d"]);
    expect(titles(planLayers(stack, "one", 1))).toEqual(["a+b+c+d"]);
  });
  it("keeps an image of a thousand steps within what Docker takes, and large layers apart", () => {
    const stack = Array.from({ length: 1000 }, (_, n) => part(`t${n}`, n === 500 ? 1_000_000 : 10));
    const layers = planLayers(stack, "task", 3);
    expect(layers.length).toBe(MOST_LAYERS - 3);
    expect(layers.flatMap((layer) => layer.parts)).toEqual(stack);
    expect(layers.find((layer) => layer.size >= 1_000_000)?.parts.length).toBe(1);
    expect(planLayers(stack, "task", 3)).toEqual(layers);
  });
});
