/** Answers to a plugin host that asks for variables. */
import { messageOf } from "../../errors/index.ts";
import { Undefined } from "../../template/undefined.ts";
import { Dict, type Value } from "../../values/model.ts";
import { str } from "../../values/python.ts";
import type { Answer, Question } from "./protocol.ts";
import { toWire, type Wire } from "./wire.ts";

/** Variables as a template or a task sees them. */
export interface AskedVariables {
  /** Templated; `undefined` if there is none. @throws when its template fails */
  readonly variable: (name: string) => Value | undefined;
  readonly variableNames: () => readonly string[];
}

/** @returns `undefined` for a question about something else */
export function answerVariables(from: AskedVariables, question: Question): Answer | undefined {
  const { ask, host, name = "" } = question;
  if (ask === "hosts") return { value: keysOf(from.variable("hostvars")) };
  if (ask !== "names" && ask !== "variable") return undefined;
  const others = host ? memberOf(from.variable("hostvars"), host) : undefined;
  if (ask === "names") {
    return { value: host ? keysOf(others) : [...from.variableNames()] };
  }
  try {
    const value = host ? memberOf(others, name) : from.variable(name);
    // A list of one: a variable that is none must differ from one that is null.
    return { value: value === undefined ? null : [toWire(value)] };
  } catch (error) {
    // Said when it is used: a plugin that looks at all variables need not need this one.
    const failed: Wire = toWire(new Undefined(messageOf(error), name));
    return { value: [failed] };
  }
}

function memberOf(value: Value | undefined, key: string): Value | undefined {
  return value instanceof Dict ? value.get(key) : undefined;
}

function keysOf(value: Value | undefined): string[] {
  return value instanceof Dict ? Array.from(value.keys(), (key) => str(key)) : [];
}
