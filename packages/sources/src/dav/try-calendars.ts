import { nameOf, openCalendars } from "./look-at-calendars.ts";
import type { DavServer } from "./open-dav.ts";

/** Whether a look would work: logs in and asks for the calendars. @returns Their names. @throws RoostError as lookAtCalendars does */
export async function tryCalendars(
  server: DavServer,
  options: { calendars: readonly string[]; signal: AbortSignal },
): Promise<string[]> {
  const { calendars } = await openCalendars(server, options);
  return calendars.map(nameOf);
}
