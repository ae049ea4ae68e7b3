/** Starts what prints a run, and what adds to it. */
import { openCallback, openFurtherCallbacks } from "../report/callbacks.ts";
import type { Session } from "./session.ts";

/** @param name of the output: default, minimal, json, ... */
export async function openReport(
  session: Session,
  name: string,
  checkMode: boolean,
): Promise<void> {
  const { display, events, settings } = session;
  const options = { display, settings, checkMode };
  events.listen(await openCallback(name, options));
  const further = await openFurtherCallbacks(settings.list("CALLBACKS_ENABLED"), options);
  for (const listener of further) events.listen(listener);
}
