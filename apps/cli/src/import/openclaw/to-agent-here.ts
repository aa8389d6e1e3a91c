import { slugOf } from "../found/slug-of.ts";
import { mainAgentOf, type OpenClawConfig } from "./read-config.ts";

/** The id of an agent here. There case does not count: jobs, folders and the config may each write it in another. */
export function toAgentHere(id: string, config: OpenClawConfig): string {
  const sameOf = (given: string) => given.trim().toLowerCase();
  return sameOf(id) === sameOf(mainAgentOf(config)?.id ?? "main") ? "main" : slugOf(sameOf(id));
}
