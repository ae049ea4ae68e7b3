/** Statements that bring in other templates: block, extends, include, import. */

import { PyCallable } from "../values/callable.ts";
import { Instance } from "../values/instance.ts";
import { isIterable, toList } from "../values/iterate.ts";
import { textOf, type Value } from "../values/model.ts";
import { repr, str } from "../values/text.ts";
import { compileScoped, compileTarget, type StatementState } from "./compile.ts";
import { compileExpression, type Position } from "./compile-expression.ts";
import { TemplateRuntimeError } from "./errors.ts";
import type { CompiledTemplate, Execute, Frame } from "./frame.ts";
import type { Run } from "./run.ts";
import { mentions, type Scope } from "./scope.ts";
import type { Expression, Statement } from "./syntax.ts";
import { Undefined } from "./undefined.ts";

/** What an import makes: the names that the template set at its top level. */
export class TemplateModule extends Instance {
  readonly typeName = "TemplateModule";
  readonly #run: Run;
  readonly #body: readonly Value[];
  constructor(run: Run, body: readonly Value[]) {
    super();
    this.#run = run;
    this.#body = body;
  }
  get file(): string {
    return this.#run.template_.file ?? "<template>";
  }
  override pyGetAttribute(name: string): Value | undefined {
    return this.#run.exported.has(name) && !name.startsWith("_")
      ? this.#run.values.get(name)
      : undefined;
  }
  override pyStr(): string {
    return str(this.#run.concat(this.#body));
  }
  override pyRepr(): string {
    return `<TemplateModule ${repr(this.file)}>`;
  }
}

/** The values of all names that can be seen in a frame, for a template that gets the context. */
function visibleValues(frame: Frame, scope: Scope | undefined): Map<string, Value> {
  const values = new Map(frame.run.values);
  for (const name of scope?.visible() ?? []) {
    for (const place of scope?.places(name) ?? []) {
      let holder: Frame | undefined = frame;
      for (let up = place.depth; up > 0 && holder; up--) holder = holder.parent;
      const value = holder?.slots[place.index];
      if (value === undefined) continue;
      values.set(name, value);
      break;
    }
  }
  return values;
}

function rootFrame(run: Run): Frame {
  return { slots: [], parent: undefined, run };
}

/** Loads the first template of a name or a list of names. */
function load(run: Run, wanted: Value, ignoreMissing: boolean): CompiledTemplate | undefined {
  const single = textOf(wanted);
  if (wanted instanceof Undefined) wanted.fail();
  const names = single !== undefined || !isIterable(wanted) ? [wanted] : toList(wanted);
  for (const name of names) {
    const template = run.environment.load(str(name), run.template_.file, run.files);
    if (template) return template;
  }
  if (ignoreMissing) return undefined;
  const what = single ?? names.map(str).join(", ");
  throw new TemplateRuntimeError("TemplateNotFound", what, {
    position: run.place(run.at),
    hint: `Searched in ${run.files.searchPaths("templates").join(", ") || "no directory"}.`,
  });
}

/** Runs a loaded template with everything that it extends; its output goes to `out`. */
export function execute(run: Run, out: Value[]): void {
  let template: CompiledTemplate | undefined = run.template_;
  for (let depth = 0; template; depth++) {
    if (depth > 100) {
      throw new TemplateRuntimeError("RecursionError", "templates extend each other in a circle");
    }
    run.parent = undefined;
    template.root(rootFrame(run), out);
    template = run.parent as CompiledTemplate | undefined;
    for (const [name, body] of template?.blocks ?? []) {
      const bodies = run.blocks.get(name);
      if (bodies) bodies.push(body);
      else run.blocks.set(name, [body]);
    }
  }
}

export function compileExtends(
  node: Statement & { type: "extends" },
  state: StatementState,
  at: Position,
): Execute {
  const template = compileExpression(node.template, state, at);
  return (frame) => {
    const { run } = frame;
    run.at = node.offset;
    if (run.parent) {
      throw new TemplateRuntimeError("TemplateRuntimeError", "extended multiple times");
    }
    run.parent = load(run, template(frame), false);
    return undefined;
  };
}

export function compileBlock(
  node: Statement & { type: "block" },
  state: StatementState,
  at: Position,
): Execute {
  const { name, scoped, required } = node;
  const usesSuper = mentions(node.body, "super");
  const body = compileScoped(usesSuper ? ["super"] : [], node.body, state, {
    ...at,
    scope: undefined,
  });
  const superIndex = usesSuper ? body.scope.declare("super") : -1;
  const block: Execute = (frame, out) => {
    const { run } = frame;
    if (required) {
      throw new TemplateRuntimeError("TemplateRuntimeError", `Required block '${name}' not found`);
    }
    const inner: Frame = { slots: new Array(body.scope.size), parent: frame, run };
    if (usesSuper) {
      const bodies = run.blocks.get(name) ?? [];
      const next = bodies[bodies.indexOf(block) + 1];
      inner.slots[superIndex] = next
        ? blockReference(name, next, run)
        : new Undefined(`there is no parent block called '${name}'.`, "super");
    }
    return body.execute(inner, out);
  };
  state.blocks.set(name, block);
  return (frame, out) => {
    const { run } = frame;
    if (run.parent && at.scope === undefined) return undefined;
    const first = run.blocks.get(name)?.[0] ?? block;
    const inner = scoped
      ? run.derive(run.template_, visibleValues(frame, at.scope), { blocks: run.blocks })
      : run;
    return first(rootFrame(inner), out);
  };
}

function blockReference(name: string, body: Execute, run: Run): Value {
  return new PyCallable(name, () => {
    const parts: Value[] = [];
    body(rootFrame(run), parts);
    return run.concat(parts);
  });
}

/** `self`: the blocks of the template, to be called by name. */
export class SelfReference extends Instance {
  readonly typeName = "TemplateReference";
  readonly #run: Run;
  constructor(run: Run) {
    super();
    this.#run = run;
  }
  override pyGetAttribute(name: string): Value | undefined {
    const body = this.#run.blocks.get(name)?.[0];
    return body && blockReference(name, body, this.#run);
  }
}

export function compileInclude(
  node: Statement & { type: "include" },
  state: StatementState,
  at: Position,
): Execute {
  const wanted = compileExpression(node.template, state, at);
  const { ignoreMissing, withContext, offset } = node;
  const { scope } = at;
  return (frame, out) => {
    const { run } = frame;
    if (run.parent && scope === undefined) return undefined;
    run.at = offset;
    run.budget.tick();
    const template = load(run, wanted(frame), ignoreMissing);
    if (!template) return undefined;
    const inner = withContext
      ? run.derive(template, visibleValues(frame, scope), { isolated: run.isolated })
      : run.derive(template, new Map(), { isolated: true });
    execute(inner, out);
    if (inner.unsafe) run.unsafe = true;
    return undefined;
  };
}

function compileModule(
  template: Expression,
  withContext: boolean,
  state: StatementState,
  at: Position,
): (frame: Frame) => TemplateModule {
  const wanted = compileExpression(template, state, at);
  return (frame) => {
    const { run } = frame;
    run.at = template.offset;
    const loaded = load(run, wanted(frame), false) as CompiledTemplate;
    const inner = withContext
      ? run.derive(loaded, visibleValues(frame, at.scope), { isolated: run.isolated })
      : run.derive(loaded, new Map(), { isolated: true });
    const parts: Value[] = [];
    execute(inner, parts);
    return new TemplateModule(inner, parts);
  };
}

export function compileImport(
  node: Statement & { type: "import" },
  state: StatementState,
  at: Position,
): Execute {
  const module = compileModule(node.template, node.withContext, state, at);
  const assign = compileTarget({ type: "name", name: node.name, offset: node.offset }, at.scope);
  return (frame) => {
    assign(frame, module(frame));
    return undefined;
  };
}

export function compileFrom(
  node: Statement & { type: "from" },
  state: StatementState,
  at: Position,
): Execute {
  const module = compileModule(node.template, node.withContext, state, at);
  const targets = node.names.map(({ name, as }) => ({
    name,
    assign: compileTarget({ type: "name", name: as, offset: node.offset }, at.scope),
  }));
  return (frame) => {
    const imported = module(frame);
    for (const { name, assign } of targets) {
      const exported = imported.pyGetAttribute(name);
      const value =
        exported !== undefined
          ? exported
          : new Undefined(
              `the template '${imported.file}' (imported on line ${frame.run.place(node.offset)?.line ?? 1}) does not export the requested name '${name}'`,
              name,
            );
      assign(frame, value);
    }
    return undefined;
  };
}
