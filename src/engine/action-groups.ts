/** Groups of modules that `module_defaults` can name as `group/NAME`. */
const GROUPS: Readonly<Record<string, (moduleName: string) => boolean>> = {
  "community.docker.docker": (name) => name.startsWith("community.docker."),
  docker: (name) => name.startsWith("community.docker."),
  aws: (name) => /^(amazon|community)\.aws\./.test(name),
  k8s: (name) => name.startsWith("kubernetes.core."),
};

/** Is the module in the group? Collections' own groups are those of their name. */
export function inActionGroup(group: string, moduleName: string): boolean {
  return (
    (Object.hasOwn(GROUPS, group) && GROUPS[group]?.(moduleName) === true) ||
    moduleName.startsWith(`${group}.`)
  );
}
