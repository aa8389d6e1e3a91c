import { useNow } from "@roost/console/live/console-context";

/** Today, as YYYY-MM-DD where the browser is. */
export function useToday(): string {
  return new Intl.DateTimeFormat("sv-SE").format(useNow());
}
