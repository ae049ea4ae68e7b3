/** `--start-at-task`: names with wildcards. */
import { globExpression } from "../inventory/patterns.ts";

export function globMatches(pattern: string): (name: string) => boolean {
  const expression = globExpression(pattern);
  return (name) => name === pattern || expression.test(name);
}
