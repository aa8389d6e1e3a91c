/** What a scheduler reads from its environment; nothing else in this app reads it. */
import { readHomeConfig, type HomeConfig } from "@roost/models";

const own = {};

export type SchedulerConfig = HomeConfig<typeof own>;

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readSchedulerConfig(environment: Record<string, string | undefined> = process.env): SchedulerConfig {
  return readHomeConfig(own, environment, { process: "scheduler" });
}
