/** The layers that a task's place in the playbook gives it. They never change, so they are kept. */
import { Block, type Node, Task } from "../playbook/node.ts";
import { Role } from "../playbook/role.ts";
import { EMPTY_LAYER, type Layer, layerOf } from "./layers.ts";

export interface PlaceLayers {
  /** `vars` of the task, its blocks and includes; the innermost first. */
  readonly vars: readonly Layer[];
  /** Parameters of the role that the task is in, then of the roles that brought that one in. */
  readonly params: readonly Layer[];
  /** `vars` and loop variables of the includes that brought the task in: stronger than parameters. */
  readonly includeParams: readonly Layer[];
  readonly roleVars: readonly Layer[];
  /** What a role further in takes of those: there, a role's own count more than those given to it. */
  readonly inherited: readonly Layer[];
  readonly defaults: readonly Layer[];
}

const kept = new WeakMap<Node, PlaceLayers>();

/** The layers of a node: a task, or anything above one. */
export function placeLayers(node: Node): PlaceLayers {
  const known = kept.get(node);
  if (known) return known;
  const outer = node.parent ? placeLayers(node.parent) : NONE;
  const layers = ownLayers(node, outer);
  // While a role is being read, its dependencies are not known yet.
  if (!(node instanceof Role) || node.isRead) kept.set(node, layers);
  return layers;
}

const NONE: PlaceLayers = {
  vars: [],
  params: [],
  includeParams: [],
  roleVars: [],
  inherited: [],
  defaults: [],
};

function ownLayers(node: Node, outer: PlaceLayers): PlaceLayers {
  if (node instanceof Role) {
    const given = layerOf(node.givenVars);
    // What it depends on counts more than what brought it in.
    const withRoles = (below: readonly Layer[]) =>
      [node, ...dependenciesOf(node)].reduceRight<readonly Layer[]>(
        (weaker, role) => before(layerOf(role.roleVars), weaker),
        below,
      );
    return {
      ...outer,
      params: before(layerOf(node.params), outer.params),
      roleVars: before(given, withRoles(outer.inherited)),
      inherited: withRoles(before(given, outer.inherited)),
      defaults: before(layerOf(node.defaults), outer.defaults),
    };
  }
  // A play's own variables are weaker than those of roles and stand in a layer of their own.
  if (node.kind === "play") return outer;
  const own = layerOf(node.vars);
  const place = own.size === 0 ? outer : { ...outer, vars: before(own, outer.vars) };
  const passed =
    node instanceof Task && node.isInclude
      ? own
      : node instanceof Block && node.includeParams
        ? layerOf(node.includeParams)
        : EMPTY_LAYER;
  return passed.size === 0
    ? place
    : { ...place, includeParams: before(passed, place.includeParams) };
}

/** From the strongest to the weakest: the last one wins, and a role wins over what it depends on. */
function dependenciesOf(role: Role): Role[] {
  return [...role.withDependencies()].reverse().slice(1);
}

function before(layer: ReadonlyMap<string, unknown>, others: readonly Layer[]): readonly Layer[] {
  return layer.size === 0 || layer === EMPTY_LAYER ? others : [layer as Layer, ...others];
}
