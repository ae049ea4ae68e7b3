/** What a task says of a name that a variable cannot have. */
export function invalidName(name: string): string {
  return `The variable name '${name}' is not valid. Variables must start with a letter or underscore character, and contain only letters, numbers and underscores.`;
}
