/** Does a text look like the hash of a password? */

/** Length of the last field of each crypt format that has a known one. */
const HASH_LENGTH: Readonly<Record<string, number>> = { "1": 22, "5": 43, "6": 86 };

/** Ansible's warning for a `password` that cannot be a hash; `undefined` when it may be one. */
export function passwordWarning(password: string | undefined): string | undefined {
  if (password === undefined) return undefined;
  if (/^(\*|!|\*{13})$/.test(password)) return undefined;
  return password.includes(":") || !looksHashed(password)
    ? "The input password appears not to have been hashed. The 'password' argument must be encrypted for this module to work properly."
    : undefined;
}

function looksHashed(password: string): boolean {
  const fields = password.split("$");
  if (fields.length < 3) return false;
  const hash = fields.at(-1) ?? "";
  const length = HASH_LENGTH[fields[1] ?? ""];
  return /^[A-Za-z0-9./]*$/.test(hash) && (length === undefined || hash.length === length);
}
