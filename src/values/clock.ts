/** A clock that nobody sets back. Node's `performance` does the same, but loading it costs each start. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
