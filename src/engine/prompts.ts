/** `vars_prompt`: variables that are asked for when a play begins. */
import { ParseError, UnsupportedError } from "../errors/index.ts";
import { toBool } from "../modules/convert.ts";
import type { Play } from "../playbook/node.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { untrusted } from "../variables/layers.ts";
import type { PlayVariables } from "../variables/manager.ts";
import type { RunState, Scope } from "./run-state.ts";

const KEYS = new Set([
  "name",
  "prompt",
  "default",
  "private",
  "confirm",
  "encrypt",
  "salt_size",
  "salt",
  "unsafe",
]);

/**
 * Extra variables answer a prompt before it is asked.
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_prompts.html
 */
export async function askPrompts(
  run: RunState,
  play: Play,
  variables: PlayVariables,
  scope: Scope,
): Promise<void> {
  const prompts = play.own("vars_prompt");
  if (prompts === undefined || prompts === null) return;
  for (const entry of Array.isArray(prompts) ? prompts : [prompts]) {
    if (!(entry instanceof Dict) || !entry.has("name")) {
      throw new ParseError("Invalid vars_prompt data structure, missing 'name' key", {
        position: positionOf(entry) ?? play.position,
      });
    }
    for (const key of entry.keys()) {
      if (!KEYS.has(str(key))) {
        throw new ParseError(
          `Invalid vars_prompt data structure, found unsupported key '${str(key)}'`,
          { position: positionOf(entry, str(key)) ?? play.position },
        );
      }
    }
    const name = str(entry.get("name") ?? "");
    if (run.variables.extraVars.has(name)) continue;
    variables.prompted.set(name, await answer(run, entry, name, scope));
  }
}

async function answer(run: RunState, entry: Dict, name: string, scope: Scope): Promise<Value> {
  const flag = (key: string, fallback: boolean) => toBool(entry.get(key) ?? fallback);
  const fallback = entry.get("default");
  const { ask, events } = run.options;
  let given: Value = fallback ?? "";
  if (ask) {
    const prompt = textOf(entry.get("prompt")) ?? name;
    const shown = fallback === undefined ? prompt : `${prompt} [${str(fallback)}]`;
    const typed = await ask({
      text: `${shown}: `,
      isPrivate: flag("private", true),
      confirm: flag("confirm", false),
    });
    if (typed !== "" || fallback === undefined) given = typed;
  } else events.warn("Not prompting as we are not in interactive mode");
  const scheme = entry.get("encrypt");
  if (scheme !== undefined && scheme !== null) given = encrypted(entry, given, scheme, scope);
  if (flag("private", true) && typeof given === "string") run.secrets.add(given);
  return flag("unsafe", false) ? untrusted(given) : given;
}

function encrypted(entry: Dict, given: Value, scheme: Value, scope: Scope): Value {
  if (!/^[a-z0-9_]+$/.test(str(scheme))) {
    throw new UnsupportedError(`vars_prompt: '${str(scheme)}' is no hash that is known`, {
      position: positionOf(entry, "encrypt"),
    });
  }
  const salt = entry.get("salt");
  const more = salt === undefined ? "" : `, salt='${str(salt).replaceAll("'", "")}'`;
  const open = scope.templar.with(new Map([["lb_prompt", given]]));
  return open.template(`{{ lb_prompt | password_hash('${str(scheme)}'${more}) }}`);
}
