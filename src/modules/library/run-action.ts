/** Runs a module's action plugin in a plugin host; what it does in the target goes through our shell. */

import { writeFile } from "node:fs/promises";
import { quote } from "../../connection/connection.ts";
import { LayerbookError } from "../../errors/index.ts";
import { Dict } from "../../values/model.ts";
import { fromJson } from "../../values/python.ts";
import { toData } from "../convert.ts";
import type { Arguments, Data, ModuleContext, ModuleResult } from "../module.ts";
import { type Answer, PluginError, type Question } from "../python/protocol.ts";
import { answerVariables } from "../python/variable-answers.ts";
import { fromWire, toWire, type Wire } from "../python/wire.ts";
import type { FoundModule } from "./found-module.ts";
import { findInterpreter } from "./interpreter.ts";
import type { LibraryServices } from "./library-services.ts";
import { tidy } from "./module-output.ts";

export async function runAction(
  found: FoundModule & { readonly action: NonNullable<FoundModule["action"]> },
  services: LibraryServices,
  context: ModuleContext,
  args: Arguments,
): Promise<ModuleResult> {
  const hosts = services.hosts(found.name, context.position);
  const interpreter = await findInterpreter(context, services.interpreterSetting);
  const given: Record<string, Wire> = {};
  if (interpreter) given.ansible_python_interpreter = interpreter.command;
  const defined = Object.fromEntries(
    Object.entries(args).filter(([, value]) => value !== undefined),
  ) as Record<string, Data>;
  const request = {
    op: "action",
    module: found.name,
    action: found.action.name,
    args: toWire(fromJson(defined)),
    given,
    checkMode: context.checkMode,
    diffMode: context.diffMode,
    noLog: context.noLog,
    async: 0,
    title: found.name,
    user: null,
    collections: [],
  };
  let result: Wire;
  try {
    result = (await hosts.request(request, (question) => answer(context, question))) as Wire;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return {
      failed: true,
      msg: error.message,
      ...(error.traceback !== undefined && { exception: error.traceback }),
    };
  }
  const value = fromWire(result);
  if (!(value instanceof Dict)) {
    throw new LayerbookError(`the action plugin '${found.action.name}' returned no dictionary`);
  }
  const data = tidy(toData(value) as Record<string, Data>, context);
  if (!interpreter?.facts) return data;
  return { ...data, ansible_facts: { ...data.ansible_facts, ...interpreter.facts } };
}

async function answer(context: ModuleContext, question: Question): Promise<Answer> {
  const { source = "", destination = "" } = question;
  const known = answerVariables(context, question);
  if (known) return known;
  switch (question.ask) {
    case "exec": {
      const { input } = question;
      const output = await context.sh(
        question.command ?? "",
        typeof input === "string" ? { stdin: Buffer.from(input, "base64") } : {},
      );
      const { rc, stdout, stderr } = output;
      return {
        value: { rc, stdout: stdout.toString("base64"), stderr: stderr.toString("base64") },
      };
    }
    case "put": {
      const { rc, stderr } = await context.sh(`cat >${quote(destination)}`, {
        stdin: { path: source },
      });
      return rc === 0
        ? { value: null }
        : { error: `cannot write ${destination}: ${stderr.toString()}` };
    }
    case "fetch": {
      const { rc, stdout, stderr } = await context.sh(`cat ${quote(source)}`);
      if (rc !== 0) return { error: `cannot read ${source}: ${stderr.toString()}` };
      await writeFile(destination, stdout);
      return { value: null };
    }
    default:
      return { error: `nothing can be asked here: ${question.ask}` };
  }
}
