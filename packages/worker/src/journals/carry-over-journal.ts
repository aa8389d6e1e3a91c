/** The recorded steps of a run whose journal no program goes on with, as the steps that a fork of it begins with. */
import { carryOver } from "@roost/agent/journal";
import type { JsonValue } from "@roost/base";
import type { CarriedOver, Step } from "@roost/kernel";
import { toOutcome } from "../steps/to-outcome.ts";

/** What a heartbeat found to think about, and the context with all that was said and answered since. */
export function carryOverJournal(steps: readonly Step[]): CarriedOver[] {
  const [first] = steps;
  const decision = first?.name === "heartbeat-check" && first.state === "done" ? [first] : [];
  const context = carryOver(
    steps.flatMap((step) => {
      const outcome = toOutcome<unknown>(step);
      return outcome === undefined ? [] : [{ name: step.name, kind: step.kind, outcome }];
    }),
  );
  return [
    ...decision.map(({ name, kind, output }) => ({ name, kind, output })),
    ...(context === undefined ? [] : [{ name: "context#1", kind: "context", output: context as unknown as JsonValue }]),
  ];
}
