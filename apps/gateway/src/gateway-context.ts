/** What the handlers are given. Types only. */
import type { Logger } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import type { Rehearsals } from "./rehearsals/create-rehearsals.ts";
import type { Replays } from "./replays/open-replays.ts";

/** Which model thinks, as it was found at the start. */
export interface ModelFacts {
  mode: "live" | "rehearsal";
  provider: string | null;
  name: string | null;
  reason: string | null;
}

export interface ConfigEntry {
  name: string;
  value: string | null;
  source: "default" | "environment" | "settings" | "detected";
  isSecret: boolean;
}

export interface GatewayContext {
  kernel: Kernel;
  memory: Memory;
  logger: Logger;
  version: string;
  startedAtMs: number;
  engine: { version: string; embedded: boolean };
  model: ModelFacts;
  config: ConfigEntry[];
  rehearsals: Rehearsals;
  replays: Replays;
}
