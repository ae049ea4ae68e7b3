/** `become`: the command line of each method, and what its failures mean. */
import { type Become, ConnectionError, quote } from "./connection.ts";

/** Command of each method; `SHELL` stands for the quoted words of the inner shell. */
const METHODS: Readonly<Record<string, (become: Become, shell: string) => string>> = {
  sudo: (b, shell) =>
    `${b.executable ?? "sudo"} ${b.flags ?? "-H"} ${b.password === undefined ? "-n" : "-S -p ''"} -u ${quote(b.user)} ${shell}`,
  su: (b, shell) =>
    `${b.executable ?? "su"} ${b.flags ?? ""} ${quote(b.user)} -s /bin/sh -c ${quote(`exec ${shell}`)}`,
  doas: (b, shell) =>
    `${b.executable ?? "doas"} ${b.flags ?? (b.password === undefined ? "-n" : "")} -u ${quote(b.user)} ${shell}`,
  runuser: (b, shell) =>
    `${b.executable ?? "runuser"} ${b.flags ?? ""} -u ${quote(b.user)} -- ${shell}`,
};

/** Every `become_method`. */
export function becomeMethods(): readonly string[] {
  return Object.keys(METHODS);
}

/** Is there a `become_method` of that name? */
export function isBecomeMethod(name: string): boolean {
  return Object.hasOwn(METHODS, name);
}

/**
 * The sh command that starts `sh -c <loop> <nonce>` as another user.
 * @param loop the loop's text
 */
export function becomeCommand(become: Become, loop: string, nonce: string): string {
  if (become.method === "doas" && become.password !== undefined) {
    throw new ConnectionError("doas takes a password only from a terminal, and there is none", {
      hint: "Allow the user without a password (`permit nopass` in doas.conf), or use sudo or su.",
      exitCode: 4,
    });
  }
  const method = METHODS[become.method];
  if (!method) {
    throw new ConnectionError(`become_method '${become.method}' is not known`, {
      hint: `Use one of: ${Object.keys(METHODS).join(", ")}.`,
      exitCode: 4,
    });
  }
  return method(become, `/bin/sh -c ${quote(loop)} ${nonce}`);
}

/** What to tell the user when becoming someone failed. */
export function becomeProblem(become: Become, label: string, stderr: string): ConnectionError {
  const said = stderr.trim().split("\n").slice(-3).join(" ");
  const missing = /not found|No such file/i.test(said);
  return new ConnectionError(
    `${label}: cannot become '${become.user}' by ${become.method}${said ? `: ${said}` : ""}`,
    {
      exitCode: 4,
      hint: missing
        ? `Install ${become.method} in the target, or choose another become_method (su needs no package in most images).`
        : /password/i.test(said)
          ? "Give the password with --ask-become-pass (-K) or ansible_become_password."
          : undefined,
    },
  );
}
