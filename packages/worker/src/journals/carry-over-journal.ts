/** Converts the recorded steps of a run with an unsupported journal into the first steps of a fork. */
import { carryOver } from "@roost/agent/journal";
import type { JsonValue } from "@roost/base";
import type { CarriedOver, Step } from "@roost/kernel";
import { toOutcome } from "../steps/to-outcome.ts";

/** A heartbeat's decision, and the context with all messages and answers since. */
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
