import { useFeed } from "../live/console-context.ts";

/** The home's time zone; undefined until it is known, or where this browser does not know it. */
export function useTimeZone(): string | undefined {
  const zone = useFeed("status")?.timeZone;
  try {
    return zone === undefined
      ? undefined
      : new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
