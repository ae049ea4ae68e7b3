import { expect, it } from "vitest";
import type { BuildEvent } from "../build/events.ts";
import { InTurn } from "./in-turn.ts";

const play = (name: string): BuildEvent => ({ type: "play", name });

it("tells builds one after the other, the first as it happens", () => {
  const told: string[] = [];
  const turns = new InTurn((event) => told.push(event.type === "play" ? event.name : ""));
  const [a, b, c] = [turns.next(), turns.next(), turns.next()];
  b.listen(play("b1"));
  a.listen(play("a1"));
  c.listen(play("c1"));
  c.end();
  expect(told).toEqual(["a1"]);
  a.end();
  expect(told).toEqual(["a1", "b1"]);
  b.listen(play("b2"));
  b.end();
  expect(told).toEqual(["a1", "b1", "b2", "c1"]);
});
