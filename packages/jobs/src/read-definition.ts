import { writeDurationMs, type JsonValue, parseDurationMs, RoostError } from "@roost/base";
import { NamedJobDefinition } from "@roost/contract/operations";
import { runLimits } from "@roost/kernel";
import { writtenFaults } from "./files/read-written.ts";
import type { JobDefinition } from "./job-row.ts";
import { isActiveAt } from "./active-hours.ts";
import { resolveTrigger } from "./resolve-trigger.ts";
import type { Trigger } from "./trigger.ts";

export interface ReadDefinition {
  id: string;
  definition: JobDefinition;
  trigger: Trigger;
}

/** Checks all that can be checked before the job is due. @throws invalid_input naming the job, the field and the error */
export function readDefinition(written: unknown, timeZone: string): ReadDefinition {
  const parsed = NamedJobDefinition.safeParse(written);
  if (!parsed.success) {
    const faults = writtenFaults(parsed.error).join("; ");
    throw new RoostError("invalid_input", `The job ${nameOf(written)} is not valid: ${faults}`);
  }
  // As it will be read back: without undefined fields.
  const { id, ...definition } = JSON.parse(JSON.stringify(parsed.data)) as typeof parsed.data;
  try {
    if (definition.rateLimit !== undefined) checkWindow(parseDurationMs(definition.rateLimit.per));
    const trigger = resolveTrigger(definition.trigger, timeZone);
    if (definition.activeHours !== undefined) isActiveAt(definition.activeHours, 0, timeZone);
    return { id, definition, trigger };
  } catch (error) {
    if (!(error instanceof RoostError)) throw error;
    throw new RoostError(error.code, `The job ${nameOf(written)} is not valid: ${error.message}`, { cause: error });
  }
}

function checkWindow(windowMs: number): void {
  if (windowMs >= 1 && windowMs <= runLimits.rateWindowMsMax) return;
  throw new RoostError(
    "invalid_input",
    `rateLimit.per is ${writeDurationMs(windowMs)}: give a duration from 1 ms to 31 days`,
  );
}

function nameOf(written: unknown): string {
  const id = (written as { id?: JsonValue } | null)?.id;
  return typeof id === "string" ? `"${id.slice(0, 64)}"` : "without an id";
}
