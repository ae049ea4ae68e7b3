/**
 * The precedence of everything that can set a variable.
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence
 */
import type { Host } from "../inventory/inventory.ts";
import type { Node, Play } from "../playbook/node.ts";
import type { Role } from "../playbook/role.ts";
import type { Value } from "../values/model.ts";
import type { FactCache } from "./fact-cache.ts";
import { HostState } from "./host-state.ts";
import type { HostVariables } from "./host-variables.ts";
import { type Layer, LayeredVariables, layerOf } from "./layers.ts";
import { placeLayers } from "./task-layers.ts";

/** What one play adds, for all of its hosts. */
export class PlayVariables {
  readonly play: Play;
  /** Answers of `vars_prompt`. */
  readonly prompted = new Map<string, Value>();
  /** `vars_files` of each host: which files there are may depend on its facts. */
  readonly files = new Map<Host, Layer>();
  #roles: readonly Role[] = [];
  #roleVars: Layer[] = [];
  #defaults: Layer[] = [];
  #exported = 0;

  constructor(play: Play) {
    this.play = play;
    this.#refresh();
  }

  /** Roles that belong to the whole play: under `roles:`, imported, or included as `public`. */
  get roles(): readonly Role[] {
    this.#refresh();
    return this.#roles;
  }
  get roleVars(): readonly Layer[] {
    this.#refresh();
    return this.#roleVars;
  }
  get defaults(): readonly Layer[] {
    this.#refresh();
    return this.#defaults;
  }

  #refresh(): void {
    const { roles, importedRoles } = this.play;
    const count = roles.length + importedRoles.length;
    if (count === this.#exported) return;
    this.#exported = count;
    const all = [...roles, ...importedRoles];
    this.#roles = all.flatMap((role) => [...role.withDependencies()]);
    // The last role wins, and a role wins over what it depends on.
    const strongest = all
      .filter((role) => role.isPublic)
      .flatMap((role) => [...role.withDependencies()])
      .reverse();
    this.#roleVars = strongest
      .map((role) => role.roleVars)
      .filter((vars) => vars.size > 0)
      .map(layerOf);
    this.#defaults = strongest.filter((r) => r.defaults.size > 0).map((r) => layerOf(r.defaults));
  }
}

export interface VariableManagerOptions {
  readonly hostVariables: HostVariables;
  readonly extraVars: ReadonlyMap<string, Value>;
  /** Facts of earlier runs. */
  readonly factCache?: FactCache | undefined;
  /** Facts are variables of their own too, under `ansible_` and their names. */
  readonly injectFacts: boolean;
}

/** Where variables are asked for. */
export interface Scope {
  readonly host: Host;
  readonly play: PlayVariables | undefined;
  /** The task, or what stands around it. */
  readonly node: Node | undefined;
  /** Magic variables; stronger than all but `temporary`. */
  readonly magic: Layer;
  /** Loop variables and the like. */
  readonly temporary?: readonly Layer[];
}

export class VariableManager {
  readonly #options: VariableManagerOptions;
  readonly #states = new Map<string, HostState>();

  constructor(options: VariableManagerOptions) {
    this.#options = options;
  }

  get extraVars(): ReadonlyMap<string, Value> {
    return this.#options.extraVars;
  }

  state(host: Host): HostState {
    let state = this.#states.get(host.name);
    if (!state) {
      state = new HostState(host.name, this.#options.factCache);
      this.#states.set(host.name, state);
    }
    return state;
  }

  /** The variables of a host in a place, from the strongest layer to the weakest. */
  variables(scope: Scope): LayeredVariables {
    const { host, play, node } = scope;
    const state = this.state(host);
    const place = node ? placeLayers(node) : undefined;
    const layers: Layer[] = [];
    if (scope.temporary) layers.push(...scope.temporary);
    layers.push(scope.magic);
    if (this.#options.extraVars.size > 0) layers.push(this.#options.extraVars);
    if (place) layers.push(...place.includeParams, ...place.params);
    if (state.set.size > 0) layers.push(state.set);
    if (state.included.size > 0) layers.push(state.included);
    if (place) layers.push(...place.vars, ...place.roleVars);
    if (play) {
      layers.push(...play.roleVars);
      const files = play.files.get(host);
      if (files) layers.push(files);
      if (play.prompted.size > 0) layers.push(play.prompted);
      const { vars } = play.play;
      if (vars.size > 0) layers.push(layerOf(vars));
    }
    if (state.injectedFacts.size > 0 && this.#options.injectFacts) layers.push(state.injectedFacts);
    layers.push(this.#options.hostVariables.of(host));
    if (place) layers.push(...place.defaults);
    if (play) layers.push(...play.defaults);
    return new LayeredVariables(layers, this.#options.hostVariables.mergeDicts);
  }
}

/** A dict as a layer's worth of values, for callers that hold one. */
export function temporaryLayer(entries: Iterable<readonly [string, Value]>): Layer {
  return new Map(entries);
}
