/** The engine's way into the template room: one templar for each task, host and loop item. */
import { statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import type { RenderOptions } from "../modules/module.ts";
import { Budget } from "../template/budget.ts";
import { Environment, type EnvironmentOptions, lexerOptions } from "../template/environment.ts";
import { TemplateRuntimeError } from "../template/errors.ts";
import type { ControllerFiles, TemplateFileOptions } from "../template/plugin.ts";
import { Run } from "../template/run.ts";
import { Templar } from "../template/templar.ts";
import { PyDateTime } from "../values/datetime.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { untrusted } from "../variables/layers.ts";
import { OMIT } from "../variables/magic.ts";

/** What a templar asks for variables. */
export interface VariableSource {
  get(name: string): Value | undefined;
  names(): string[];
}

const EMPTY_TEMPLATE = { ...lexerOptions({}), escapeBackslashes: false };

export class Templating {
  readonly #environment: Environment;

  readonly #managed: string;

  /** @param managed the setting `ansible_managed` */
  constructor(options: EnvironmentOptions, managed: string) {
    this.#environment = new Environment(options);
    this.#managed = managed;
  }

  open(variables: VariableSource, files: ControllerFiles): TaskTemplar {
    return new TaskTemplar(this.#environment, variables, files, this.#managed);
  }
}

export class TaskTemplar {
  readonly #templar: Templar;
  readonly #environment: Environment;
  readonly #variables: VariableSource;
  readonly #files: ControllerFiles;
  readonly #managed: string;

  constructor(
    environment: Environment,
    variables: VariableSource,
    files: ControllerFiles,
    managed: string,
  ) {
    this.#managed = managed;
    this.#environment = environment;
    this.#variables = variables;
    this.#files = files;
    this.#templar = new Templar(environment, variables, { files });
  }

  /** @throws UndefinedError and other errors of templates */
  template(value: Value, options?: { readonly failOnUndefined?: boolean }): Value {
    return this.#templar.template(value, options);
  }

  /** The same with further variables on top. */
  with(more: ReadonlyMap<string, Value>): TaskTemplar {
    const variables = this.#variables;
    return new TaskTemplar(
      this.#environment,
      {
        get: (name) => {
          const value = more.get(name);
          return value === undefined ? variables.get(name) : value;
        },
        names: () => [...more.keys(), ...variables.names()],
      },
      this.#files,
      this.#managed,
    );
  }

  condition(expression: Value): boolean {
    return this.#templar.evaluateCondition(expression);
  }

  /** A variable, templated; `undefined` if there is none. */
  variable(name: string): Value | undefined {
    return this.#templar.resolve(name)?.value;
  }

  /** Runs a lookup as `with_NAME` does. */
  lookup(name: string, terms: readonly Value[]): Value[] {
    const plugin = this.#environment.findLookup(name);
    if (!plugin) {
      throw new TemplateRuntimeError("AnsibleError", `lookup plugin (${name}) not found`, {
        hint: this.#environment.suggestPlugin(name),
      });
    }
    const { timeLimit, signal } = this.#environment;
    const empty = this.#environment.compile("", EMPTY_TEMPLATE);
    const context = new Run(this.#environment, this.#templar, empty, {
      conversion: "data",
      budget: new Budget(timeLimit, signal),
    });
    return plugin(terms, new Map(), context).map(untrusted);
  }

  isOmitted(value: Value): boolean {
    return textOf(value) === OMIT;
  }

  /** Renders a template file as the template module does. */
  render(text: string, options: RenderOptions): string {
    const given: TemplateFileOptions = {
      file: options.path,
      ...(options.blockStart !== undefined && { blockStart: options.blockStart }),
      ...(options.blockEnd !== undefined && { blockEnd: options.blockEnd }),
      ...(options.variableStart !== undefined && { variableStart: options.variableStart }),
      ...(options.variableEnd !== undefined && { variableEnd: options.variableEnd }),
      ...(options.commentStart !== undefined && { commentStart: options.commentStart }),
      ...(options.commentEnd !== undefined && { commentEnd: options.commentEnd }),
      ...(options.trimBlocks !== undefined && { trimBlocks: options.trimBlocks }),
      ...(options.lstripBlocks !== undefined && { lstripBlocks: options.lstripBlocks }),
      ...(options.newlineSequence !== undefined && {
        newlineSequence: options.newlineSequence as "\n" | "\r" | "\r\n",
      }),
    };
    return this.#templar.renderFile(text, given, describeTemplate(options, this.#managed));
  }
}

/**
 * What a template can say about itself.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/template_module.html
 */
function describeTemplate({ path, destination }: RenderOptions, managed: string): Dict {
  const { uid, mtimeMs } = statSync(path);
  const modified = PyDateTime.at(mtimeMs, false);
  const told = managed
    .replaceAll("{file}", path)
    .replaceAll("{host}", hostname())
    .replaceAll("{uid}", String(ownerName(uid)));
  return new Dict([
    ["ansible_managed", modified.strftime(told)],
    ["template_host", hostname()],
    ["template_uid", ownerName(uid)],
    ["template_path", path],
    ["template_fullpath", resolve(path)],
    ["template_destpath", destination],
    ["template_mtime", modified],
    ["template_run_date", PyDateTime.at(Date.now(), false)],
  ]);
}

/** The name of the template's owner where it is ours to know, else the number. */
function ownerName(uid: number): Value {
  const user = userInfo();
  return user.uid === uid ? user.username : uid;
}
