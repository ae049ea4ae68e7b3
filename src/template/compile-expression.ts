/** Expressions to closures. */

import { Slice, sameTags } from "../values/access.ts";
import { callMethod, callValue } from "../values/attribute.ts";
import { type Arguments, noNames } from "../values/callable.ts";
import { truth } from "../values/compare.ts";
import { iterate } from "../values/iterate.ts";
import { Markup } from "../values/markup.ts";
import { dictMethods, mutatingMethods } from "../values/methods/containers.ts";
import { Dict, Tuple, textOf, type Value } from "../values/model.ts";
import { binary, compareWith, joinTexts, unary } from "../values/operators.ts";
import { str } from "../values/text.ts";
import { typeName } from "../values/type-name.ts";
import type { Environment } from "./environment.ts";
import { notLoaded, TemplateRuntimeError, TemplateSyntaxError } from "./errors.ts";
import type { Evaluate, Frame } from "./frame.ts";
import { placeOf } from "./lexer.ts";
import type { Scope } from "./scope.ts";
import type { CallArguments, Expression } from "./syntax.ts";

/** What the compilation of one template shares. */
export interface CompileState {
  readonly environment: Environment;
  readonly source: string;
  readonly file: string | undefined;
  /** Set once a method that changes its object is named. */
  mutates: boolean;
}

/** Where an expression stands. `soft`: it may never run, so unknown filters fail only then. */
export interface Position {
  readonly scope: Scope | undefined;
  readonly soft: boolean;
}

export function compileExpression(
  node: Expression,
  state: CompileState,
  at: Position,
  input?: Evaluate,
): Evaluate {
  const compile = (child: Expression): Evaluate => compileExpression(child, state, at, input);
  const { offset } = node;
  switch (node.type) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "name":
      return compileName(node.name, offset, at.scope);
    case "tuple": {
      const items = node.items.map(compile);
      return (frame) => new Tuple(items.map((item) => item(frame)));
    }
    case "list": {
      const items = node.items.map(compile);
      return (frame) => items.map((item) => item(frame));
    }
    case "dict": {
      const items = node.items.map(([key, value]) => [compile(key), compile(value)] as const);
      return (frame) => {
        const dict = new Dict();
        for (const [key, value] of items) dict.set(key(frame), value(frame));
        return dict;
      };
    }
    case "attribute": {
      if (mutatingMethods.has(node.name)) state.mutates = true;
      const object = compile(node.object);
      const { name } = node;
      const plain = !dictMethods.has(name);
      return (frame) => {
        const value = object(frame);
        if (plain && value instanceof Dict) {
          const item = value.get(name);
          if (item !== undefined) return item;
        }
        return frame.run.attribute(value, name, offset);
      };
    }
    case "item": {
      const object = compile(node.object);
      const key = compile(node.key);
      return (frame) => frame.run.item(object(frame), key(frame), offset);
    }
    case "slice": {
      const part = (child: Expression | undefined): Evaluate =>
        child ? compile(child) : () => null;
      const [start, stop, step] = [part(node.start), part(node.stop), part(node.step)];
      return (frame) => new Slice(start(frame), stop(frame), step(frame));
    }
    case "call":
      return compileCall(node.callee, node.args, offset, state, at, compile);
    case "filter":
      return compileFilter(node, state, at, input, compile);
    case "test": {
      const value = compile(node.value);
      const args = compileArguments(node.args, compile);
      const { name } = node;
      const test = state.environment.findTest(name);
      if (!test) return unknownPlugin(name, offset, state, at.soft);
      return (frame) => test(value(frame), args(frame), frame.run);
    }
    case "not": {
      const value = compile(node.value);
      return (frame) => !truth(value(frame));
    }
    case "sign": {
      const value = compile(node.value);
      const { operator } = node;
      return (frame) => unary(operator, value(frame));
    }
    case "binary": {
      const left = compile(node.left);
      const right = compile(node.right);
      const { operator } = node;
      if (operator === "+") {
        return (frame) => {
          const a = left(frame);
          const b = right(frame);
          if (typeof a === "string" && typeof b === "string") return a + b;
          if (typeof a === "number" && typeof b === "number") {
            const sum = a + b;
            if (Number.isSafeInteger(sum)) return sum;
          }
          return binary("+", a, b);
        };
      }
      return (frame) => binary(operator, left(frame), right(frame));
    }
    case "and": {
      const left = compile(node.left);
      const right = compile(node.right);
      return (frame) => {
        const value = left(frame);
        return truth(value) ? right(frame) : value;
      };
    }
    case "or": {
      const left = compile(node.left);
      const right = compile(node.right);
      return (frame) => {
        const value = left(frame);
        return truth(value) ? value : right(frame);
      };
    }
    case "concat": {
      const parts = node.parts.map(compile);
      return (frame) => {
        const values = parts.map((part) => part(frame));
        if (values.every((value) => typeof value === "string")) return values.join("");
        // Without autoescape `~` escapes nothing: Markup counts as its text.
        return joinTexts(values.map(plainText));
      };
    }
    case "compare":
      return compileCompare(node, compile);
    case "condition": {
      const soft: Position = { ...at, soft: true };
      const test = compile(node.test);
      const then = compileExpression(node.whenTrue, state, soft, input);
      if (!node.otherwise) {
        return (frame) =>
          truth(test(frame)) ? then(frame) : frame.run.environment.absentElse(frame.run);
      }
      const otherwise = compileExpression(node.otherwise, state, soft, input);
      return (frame) => (truth(test(frame)) ? then(frame) : otherwise(frame));
    }
  }
}

function plainText(value: Value): Value {
  if (value instanceof Markup) return sameTags(value, value.text);
  return textOf(value) === undefined ? str(value) : value;
}

function compileName(name: string, offset: number, scope: Scope | undefined): Evaluate {
  const places = scope?.places(name) ?? [];
  const nested = scope !== undefined;
  const [first, ...others] = places;
  if (!first) return (frame) => frame.run.name(name, offset, nested);
  const { depth, index } = first;
  if (others.length === 0 && depth === 0) {
    return (frame) => {
      const value = frame.slots[index];
      return value === undefined ? frame.run.name(name, offset, nested) : value;
    };
  }
  return (frame) => {
    for (const place of places) {
      let holder: Frame | undefined = frame;
      for (let up = place.depth; up > 0 && holder; up--) holder = holder.parent;
      const value = holder?.slots[place.index];
      if (value !== undefined) return value;
    }
    return frame.run.name(name, offset, nested);
  };
}

function compileCompare(
  node: Expression & { type: "compare" },
  compile: (node: Expression) => Evaluate,
): Evaluate {
  const first = compile(node.first);
  const rest = node.rest.map(({ operator, value }) => ({ operator, value: compile(value) }));
  const [only] = rest;
  if (rest.length === 1 && only) {
    const { operator, value } = only;
    if (operator === "==") {
      return (frame) => {
        const a = first(frame);
        const b = value(frame);
        if (typeof a === "string" && typeof b === "string") return a === b;
        return compareWith("==", a, b);
      };
    }
    return (frame) => compareWith(operator, first(frame), value(frame));
  }
  return (frame) => {
    let left = first(frame);
    for (const { operator, value } of rest) {
      const right = value(frame);
      if (!compareWith(operator, left, right)) return false;
      left = right;
    }
    return true;
  };
}

/** The arguments of a call, filter or test. */
export function compileArguments(
  args: CallArguments,
  compile: (node: Expression) => Evaluate,
): (frame: Frame) => Arguments {
  const positional = args.positional.map(compile);
  if (args.named.length === 0 && !args.spread && !args.spreadNamed) {
    if (positional.length === 0) {
      const none: Arguments = { positional: [], named: noNames };
      return () => none;
    }
    return (frame) => ({ positional: positional.map((value) => value(frame)), named: noNames });
  }
  const named = args.named.map(({ name, value }) => [name, compile(value)] as const);
  const spread = args.spread ? compile(args.spread) : undefined;
  const spreadNamed = args.spreadNamed ? compile(args.spreadNamed) : undefined;
  return (frame) => {
    const values = positional.map((value) => value(frame));
    if (spread) for (const item of iterate(spread(frame))) values.push(item);
    const names = new Map<string, Value>();
    for (const [name, value] of named) names.set(name, value(frame));
    if (spreadNamed) addNamed(names, spreadNamed(frame));
    return { positional: values, named: names };
  };
}

function addNamed(names: Map<string, Value>, mapping: Value): void {
  if (!(mapping instanceof Dict)) {
    for (const item of iterate(mapping)) void item;
    throw new TemplateRuntimeError(
      "TypeError",
      `argument after ** must be a mapping, not ${typeName(mapping)}`,
    );
  }
  for (const [key, value] of mapping) {
    const name = textOf(key);
    if (name === undefined) throw new TemplateRuntimeError("TypeError", "keywords must be strings");
    if (names.has(name)) {
      throw new TemplateRuntimeError(
        "TypeError",
        `got multiple values for keyword argument '${name}'`,
      );
    }
    names.set(name, value);
  }
}

function compileCall(
  callee: Expression,
  callArguments: CallArguments,
  offset: number,
  state: CompileState,
  at: Position,
  compile: (node: Expression) => Evaluate,
): Evaluate {
  const args = compileArguments(callArguments, compile);
  if (callee.type === "attribute") {
    if (mutatingMethods.has(callee.name)) state.mutates = true;
    const object = compile(callee.object);
    const { name } = callee;
    return (frame) => {
      const { run } = frame;
      run.budget.tick();
      const value = object(frame);
      const given = args(frame);
      // The usual case, without making a bound method first.
      const result = callMethod(value, name, given);
      if (result !== undefined) return result;
      return callValue(run.attribute(value, name, offset), given, run);
    };
  }
  const target = compileExpression(callee, state, at);
  return (frame) => {
    frame.run.budget.tick();
    frame.run.at = offset;
    const value = target(frame);
    return callValue(value, args(frame), frame.run);
  };
}

function compileFilter(
  node: Expression & { type: "filter" },
  state: CompileState,
  at: Position,
  input: Evaluate | undefined,
  compile: (node: Expression) => Evaluate,
): Evaluate {
  const value = node.value ? compile(node.value) : input;
  if (!value) throw new TemplateSyntaxError("a filter needs a value");
  const args = compileArguments(node.args, compile);
  const { name, offset } = node;
  const filter = state.environment.findFilter(name);
  if (!filter) return unknownPlugin(name, offset, state, at.soft);
  return (frame) => {
    const subject = value(frame);
    const given = args(frame);
    frame.run.at = offset;
    return filter(subject, given, frame.run);
  };
}

function unknownPlugin(name: string, offset: number, state: CompileState, soft: boolean): Evaluate {
  const make = (): TemplateSyntaxError =>
    new TemplateSyntaxError(notLoaded(name), {
      position: placeOf(state.source, offset, state.file),
      hint: state.environment.suggestPlugin(name),
    });
  if (!soft) throw make();
  return () => {
    throw make();
  };
}
