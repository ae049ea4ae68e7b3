/** Messages of the operating system in Python's form, made from what a program said. */

const CODES: Readonly<Record<string, number>> = {
  "Operation not permitted": 1,
  "No such file or directory": 2,
  "Permission denied": 13,
  "Device or resource busy": 16,
  "File exists": 17,
  "Invalid cross-device link": 18,
  "Not a directory": 20,
  "Is a directory": 21,
  "Text file busy": 26,
  "No space left on device": 28,
  "Read-only file system": 30,
  "File name too long": 36,
  "Directory not empty": 39,
  "Too many levels of symbolic links": 40,
};

/**
 * `[Errno 2] No such file or directory: b'/path'`, or what the program said if it is none of the
 * common ones. dash's "Directory nonexistent" is the same as ENOENT.
 */
export function osError(stderr: Buffer, path: string): string {
  const said = stderr.toString().trim();
  const text = said.replace(
    /Directory nonexistent|nonexistent directory/,
    "No such file or directory",
  );
  for (const [message, code] of Object.entries(CODES)) {
    if (text.toLowerCase().includes(message.toLowerCase()))
      return `[Errno ${code}] ${message}: b'${path}'`;
  }
  return said;
}
