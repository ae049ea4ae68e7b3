/**
 * Which Python of the target runs a module.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/interpreter_discovery.html
 */
import { quote } from "../../connection/connection.ts";
import { Dict, textOf, type Value } from "../../values/model.ts";
import { str } from "../../values/python.ts";
import type { Data, ModuleContext } from "../module.ts";

export interface Interpreter {
  /** Words of a shell command. */
  readonly command: string;
  /** What discovery has found, for the result's facts. */
  readonly facts: Readonly<Record<string, Data>> | undefined;
}

const FACT = "discovered_interpreter_python";

/** In the order in which they are looked for; some distributions have one of their own. */
const CANDIDATES = [
  ...["/usr/libexec/platform-python", "/usr/bin/python3"],
  ...[13, 12, 11, 10, 9, 8, 7, 6].map((minor) => `python3.${minor}`),
  ...["python3", "/usr/local/bin/python3", "python2.7", "/usr/bin/python", "python"],
];

const SEARCH = `
lb_id= lb_version=
if [ -r /etc/os-release ]; then lb_id=$(. /etc/os-release; echo "$ID $VERSION_ID"); fi
for lb_p in ${CANDIDATES.join(" ")}; do
  case $lb_p in */platform-python) case $lb_id in rhel\\ 8*|centos\\ 8*|rocky\\ 8*|almalinux\\ 8*|ol\\ 8*) ;; *) continue ;; esac ;; esac
  if lb_f=$(command -v "$lb_p" 2>/dev/null); then printf '%s' "$lb_f"; exit 0; fi
done
exit 1
`;

/**
 * `ansible_python_interpreter`, the setting INTERPRETER_PYTHON, an earlier discovery, or a new one. In
 * an image that has none, the Python that is mounted for the build.
 * @returns `undefined` when the target has no Python
 */
export async function findInterpreter(
  context: ModuleContext,
  setting: string,
): Promise<Interpreter | undefined> {
  const given = variableText(context.variable("ansible_python_interpreter"));
  const wanted = given === undefined || given === "" ? setting : given;
  if (!/^auto(_legacy)?(_silent)?$/.test(wanted)) return { command: wanted, facts: undefined };
  const facts = context.variable("ansible_facts");
  const earlier = facts instanceof Dict ? variableText(facts.get(FACT)) : undefined;
  if (earlier !== undefined) return { command: quote(earlier), facts: undefined };
  const { rc, stdout } = await context.sh(SEARCH);
  const path = stdout.toString().trim();
  if (rc === 0 && path !== "") return { command: quote(path), facts: { [FACT]: path } };
  const mounted = await context.mountedPython?.();
  return mounted && { command: quote(mounted.path), facts: undefined };
}

function variableText(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return textOf(value) ?? str(value);
}
