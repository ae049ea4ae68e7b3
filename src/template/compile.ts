/** Statements to closures. */

import { callValue } from "../values/attribute.ts";
import { truth } from "../values/compare.ts";
import { toList } from "../values/iterate.ts";
import type { Value } from "../values/model.ts";
import {
  type CompileState,
  compileArguments,
  compileExpression,
  type Position,
} from "./compile-expression.ts";
import {
  compileBlock,
  compileExtends,
  compileFrom,
  compileImport,
  compileInclude,
} from "./compile-files.ts";
import { finalize } from "./concat.ts";
import type { Environment } from "./environment.ts";
import { TemplateRuntimeError } from "./errors.ts";
import type { CompiledTemplate, Evaluate, Execute, Frame } from "./frame.ts";
import { LoopContext } from "./loop.ts";
import { Macro, type MacroShape } from "./macro.ts";
import { Namespace } from "./namespace.ts";
import { assignedNames, mentions, Scope, targetNames } from "./scope.ts";
import type { Expression, MacroSignature, Statement, Target } from "./syntax.ts";
import { Undefined } from "./undefined.ts";

/** What the compilation of statements shares. */
export interface StatementState extends CompileState {
  readonly blocks: Map<string, Execute>;
}

/** Compiles a parsed template. Fails with TemplateSyntaxError for unknown filters and tests. */
export function compileTemplate(
  body: readonly Statement[],
  source: string,
  file: string | undefined,
  environment: Environment,
): CompiledTemplate {
  const state: StatementState = { environment, source, file, mutates: false, blocks: new Map() };
  const root = compileBody(body, state, { scope: undefined, soft: false });
  return { source, file, root, blocks: state.blocks, mutates: state.mutates };
}

export function compileBody(
  body: readonly Statement[],
  state: StatementState,
  at: Position,
): Execute {
  const steps = body.map((statement) => compileStatement(statement, state, at));
  const [first, second] = steps;
  if (!first) return () => undefined;
  if (!second) return first;
  return (frame, out) => {
    for (const step of steps) {
      const signal = step(frame, out);
      if (signal !== undefined) return signal;
    }
    return undefined;
  };
}

/** A body in a scope of its own, with the given names and those that it sets. */
export function compileScoped(
  names: Iterable<string>,
  body: readonly Statement[],
  state: StatementState,
  at: Position,
): { scope: Scope; execute: Execute } {
  const scope = new Scope(at.scope, names);
  for (const name of assignedNames(body)) scope.declare(name);
  return { scope, execute: compileBody(body, state, { ...at, scope }) };
}

export function newFrame(parent: Frame, scope: Scope): Frame {
  return { slots: new Array<Value | undefined>(scope.size), parent, run: parent.run };
}

function compileStatement(node: Statement, state: StatementState, at: Position): Execute {
  const expression = (child: Expression): Evaluate => compileExpression(child, state, at);
  const { offset } = node;
  switch (node.type) {
    case "data": {
      const { text } = node;
      // Text of a child template outside of its blocks is not printed.
      return at.scope === undefined
        ? (frame, out) => {
            if (!frame.run.parent) out.push(text);
            return undefined;
          }
        : (_frame, out) => {
            out.push(text);
            return undefined;
          };
    }
    case "print": {
      const value = expression(node.value);
      const nested = at.scope !== undefined;
      return (frame, out) => {
        if (!nested && frame.run.parent) return undefined;
        frame.run.at = offset;
        out.push(finalize(value(frame), frame.run.conversion));
        return undefined;
      };
    }
    case "do": {
      const value = expression(node.value);
      return (frame) => {
        frame.run.at = offset;
        value(frame);
        return undefined;
      };
    }
    case "break":
      return () => "break";
    case "continue":
      return () => "continue";
    case "if":
      return compileIf(node, state, at);
    case "for":
      return compileFor(node, state, at);
    case "set": {
      const value = expression(node.value);
      const assign = compileTarget(node.target, at.scope);
      return (frame) => {
        frame.run.at = offset;
        assign(frame, value(frame));
        return undefined;
      };
    }
    case "setBlock": {
      const { execute, scope } = compileScoped([], node.body, state, at);
      const assign = compileTarget(node.target, at.scope);
      let captured: Value = "";
      const filter = node.filter
        ? compileExpression(node.filter, state, at, () => captured)
        : undefined;
      return (frame) => {
        const parts: Value[] = [];
        execute(newFrame(frame, scope), parts);
        let value = frame.run.concat(parts);
        if (filter) {
          captured = value;
          value = filter(frame);
        }
        assign(frame, value);
        return undefined;
      };
    }
    case "with": {
      const values = node.values.map(expression);
      const names = new Set<string>();
      for (const target of node.targets) targetNames(target, names);
      const { execute, scope } = compileScoped(names, node.body, state, at);
      const targets = node.targets.map((target) => compileTarget(target, scope));
      return (frame, out) => {
        const inner = newFrame(frame, scope);
        const given = values.map((value) => value(frame));
        targets.forEach((assign, index) => {
          assign(inner, given[index] as Value);
        });
        return execute(inner, out);
      };
    }
    case "macro": {
      const macro = compileMacro(node.name, node, state, at);
      const assign = compileTarget({ type: "name", name: node.name, offset }, at.scope);
      return (frame) => {
        assign(frame, macro(frame));
        return undefined;
      };
    }
    case "callBlock":
      return compileCallBlock(node, state, at);
    case "filterBlock": {
      const { execute, scope } = compileScoped([], node.body, state, at);
      let captured: Value = "";
      const filter = compileExpression(node.filter, state, at, () => captured);
      return (frame, out) => {
        const parts: Value[] = [];
        execute(newFrame(frame, scope), parts);
        captured = frame.run.concat(parts);
        out.push(finalize(filter(frame), frame.run.conversion));
        return undefined;
      };
    }
    case "autoescape":
      // Ansible's templates are no HTML: nothing is ever escaped, as there.
      return compileBody(node.body, state, at);
    case "block":
      return compileBlock(node, state, at);
    case "extends":
      return compileExtends(node, state, at);
    case "include":
      return compileInclude(node, state, at);
    case "import":
      return compileImport(node, state, at);
    case "from":
      return compileFrom(node, state, at);
  }
}

function compileIf(node: Statement & { type: "if" }, state: StatementState, at: Position): Execute {
  const soft: Position = { ...at, soft: true };
  const branches = node.branches.map(({ test, body }) => ({
    test: compileExpression(test, state, at),
    offset: test.offset,
    body: compileBody(body, state, soft),
  }));
  const otherwise = compileBody(node.otherwise, state, soft);
  return (frame, out) => {
    for (const branch of branches) {
      frame.run.at = branch.offset;
      if (truth(branch.test(frame))) return branch.body(frame, out);
    }
    return otherwise(frame, out);
  };
}

function compileFor(
  node: Statement & { type: "for" },
  state: StatementState,
  at: Position,
): Execute {
  const items = compileExpression(node.items, state, at);
  const names = new Set<string>();
  targetNames(node.target, names);
  const test = node.test;
  const testScope = new Scope(at.scope, names);
  const passes = test && compileExpression(test, state, { ...at, scope: testScope });
  const assignForTest = compileTarget(node.target, testScope);
  const usesLoop = mentions(node.body, "loop");
  names.add("loop");
  const { execute, scope } = compileScoped(names, node.body, state, at);
  const assign = compileTarget(node.target, scope);
  const loopIndex = scope.declare("loop");
  const otherwise = compileScoped([], node.otherwise, state, at);
  const { offset, recursive } = node;

  const selected = (frame: Frame, value: Value): readonly Value[] => {
    const all = Array.isArray(value) ? value : toList(value);
    if (!passes) return all;
    return all.filter((item) => {
      const inner = newFrame(frame, testScope);
      assignForTest(inner, item);
      return truth(passes(inner));
    });
  };

  const render = (frame: Frame, value: Value, out: Value[], depth0: number): void => {
    const all = selected(frame, value);
    const { budget } = frame.run;
    const loop =
      usesLoop || recursive
        ? new LoopContext(
            all,
            depth0,
            recursive
              ? (again, depth) => {
                  const parts: Value[] = [];
                  render(frame, again, parts, depth);
                  return frame.run.concat(parts);
                }
              : undefined,
          )
        : undefined;
    // The length is read each time: the body may append to the list.
    for (let index = 0; index < all.length; index++) {
      budget.tick();
      const inner = newFrame(frame, scope);
      if (loop) {
        loop.index0 = index;
        inner.slots[loopIndex] = loop;
      }
      assign(inner, all[index] as Value);
      if (execute(inner, out) === "break") break;
    }
    if (all.length === 0) otherwise.execute(newFrame(frame, otherwise.scope), out);
  };

  return (frame, out) => {
    frame.run.at = offset;
    render(frame, items(frame), out, 0);
    return undefined;
  };
}

/** How a value is given to a target. */
export function compileTarget(
  target: Target,
  scope: Scope | undefined,
): (frame: Frame, value: Value) => void {
  if (target.type === "tuple") {
    const parts = target.items.map((item) => compileTarget(item, scope));
    return (frame, value) => {
      const items = toList(value);
      if (items.length !== parts.length) {
        throw new TemplateRuntimeError(
          "ValueError",
          items.length > parts.length
            ? `too many values to unpack (expected ${parts.length})`
            : `not enough values to unpack (expected ${parts.length}, got ${items.length})`,
        );
      }
      parts.forEach((assign, index) => {
        assign(frame, items[index] as Value);
      });
    };
  }
  if (target.type === "namespace") {
    const { name, attribute, offset } = target;
    const places = scope?.places(name) ?? [];
    return (frame, value) => {
      let object: Value | undefined;
      for (const place of places) {
        let holder: Frame | undefined = frame;
        for (let up = place.depth; up > 0 && holder; up--) holder = holder.parent;
        object = holder?.slots[place.index];
        if (object !== undefined) break;
      }
      object ??= frame.run.name(name, offset, scope !== undefined);
      if (object instanceof Undefined) object.fail();
      if (!(object instanceof Namespace)) {
        throw new TemplateRuntimeError(
          "TemplateRuntimeError",
          "cannot assign attribute on non-namespace object",
        );
      }
      object.set(attribute, value);
    };
  }
  const { name } = target;
  if (!scope) return (frame, value) => frame.run.assign(name, value);
  const index = scope.declare(name);
  return (frame, value) => {
    frame.slots[index] = value;
  };
}

/** A macro, closed over the frame in which its definition runs. */
function compileMacro(
  name: string,
  signature: MacroSignature,
  state: StatementState,
  at: Position,
): (frame: Frame) => Macro {
  const parameters = signature.parameters.map((parameter) => parameter.name);
  const shape: MacroShape = {
    name,
    parameters,
    caller: parameters.includes("caller") ? false : mentions(signature.body, "caller"),
    catchNamed: mentions(signature.body, "kwargs"),
    catchRest: mentions(signature.body, "varargs"),
  };
  const special = ["caller", "kwargs", "varargs"];
  const outside: Position = { ...at, soft: false };
  const { scope, execute } = compileScoped(
    [...parameters, ...special],
    signature.body,
    state,
    outside,
  );
  const inside: Position = { ...outside, scope };
  const slots = parameters.map((parameter) => scope.declare(parameter));
  const fallbacks = signature.parameters.map(({ fallback }) =>
    fallback ? compileExpression(fallback, state, inside) : undefined,
  );
  const [callerSlot, namedSlot, restSlot] = special.map((word) => scope.declare(word));
  return (frame) =>
    new Macro(shape, (call) => {
      const inner = newFrame(frame, scope);
      if (shape.caller) inner.slots[callerSlot as number] = call.caller;
      if (shape.catchNamed) inner.slots[namedSlot as number] = call.named;
      if (shape.catchRest) inner.slots[restSlot as number] = call.rest;
      parameters.forEach((parameter, index) => {
        // None is a value: only what is absent takes the default.
        let value = call.values[index];
        if (value === undefined) value = fallbacks[index]?.(inner);
        if (value === undefined) {
          value = new Undefined(`parameter '${parameter}' was not provided`, parameter);
        }
        inner.slots[slots[index] as number] = value;
      });
      const parts: Value[] = [];
      execute(inner, parts);
      return frame.run.concat(parts);
    });
}

function compileCallBlock(
  node: Statement & { type: "callBlock" },
  state: StatementState,
  at: Position,
): Execute {
  const macro = compileMacro("caller", node, state, at);
  if (node.call.type !== "call") throw new TemplateRuntimeError("RuntimeError", "expected call");
  const compile = (child: Expression): Evaluate => compileExpression(child, state, at);
  const callee = compile(node.call.callee);
  const args = compileArguments(node.call.args, compile);
  return (frame, out) => {
    frame.run.at = node.offset;
    const given = args(frame);
    const named = new Map(given.named);
    named.set("caller", macro(frame));
    const value = callValue(callee(frame), { positional: given.positional, named }, frame.run);
    out.push(finalize(value, frame.run.conversion));
    return undefined;
  };
}
