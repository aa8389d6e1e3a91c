import { useConsole } from "../live/console-context.ts";
import { useReading } from "../live/use-reading.ts";
import { screens, type ScreenEntry } from "./screens.ts";

/** The screens that have something to show: those of services only while the home runs them. */
export function useListedScreens(): readonly ScreenEntry[] {
  const { client } = useConsole();
  const { value } = useReading("services", () => client.listServices());
  const running = new Set(value?.items.filter(({ state }) => state !== "off").map(({ name }) => name));
  return screens.filter(({ service }) => service === undefined || running.has(service));
}
