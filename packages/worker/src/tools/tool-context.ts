import type { JsonValue } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import type { Memory, Viewer } from "@roost/memory";
import type { AddressRules } from "../http/check-address.ts";
import type { Workplace } from "../exec/run-in-directory.ts";
import type { SeenFiles } from "./seen-files.ts";

/** What the tools of one run receive. */
export interface ToolContext {
  kernel: Kernel;
  memory: Memory;
  run: ClaimedRun;
  /** The definition of its agent. */
  agent: AgentDefinition;
  /** As whom the run reads and writes the home. */
  viewer: Viewer;
  /** Name of the run as an actor: `job:blog-writer`, `session:main`. */
  actor: string;
  addressRules: AddressRules;
  /** `host:port` of servers that honour Idempotency-Key. */
  keyedHosts: ReadonlySet<string>;
  /** Each home file as this run last saw it. */
  seenFiles: SeenFiles;
  /** Of programs that agents run. */
  exec: Pick<Workplace, "settings" | "findSandbox" | "gitEnvironment">;
  /** Version by skill, as this run last read it. */
  seenSkills: Map<string, string>;
}

/** Dates become ISO 8601 texts, since a tool returns JSON. */
export function toJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value ?? null)) as JsonValue;
}
