/** What a run of chaos does, as data: drawn from a seed, carried in the run's input, executed by chaos-handler.ts. */
import type { JsonObject } from "@roost/base";
import type { RandomSource } from "./random-source.ts";

export type ChaosOperation =
  /** An effect whose receiver honours its idempotency key. */
  | { op: "keyed"; effectId: string }
  /** An effect that cannot be repeated safely. */
  | { op: "plain"; effectId: string }
  | { op: "read" }
  /** A call that is paid for. */
  | { op: "spend" }
  /** Gives the worker back until a time has passed. */
  | { op: "wait"; ms: number }
  /** Starts a run and waits for its end. */
  | { op: "child"; program: ChaosOperation[] };

const operationsMax = 5;
const waitMsMax = 800;

/** A program whose effects have ids that begin with `id`. */
export function createChaosProgram(random: RandomSource, id: string, depth = 0): ChaosOperation[] {
  const length = random.whole(1, operationsMax);
  return Array.from({ length }, (_, index): ChaosOperation => {
    const effectId = `${id}.${index}`;
    const kinds = depth === 0 ? kindsOfParents : kindsOfChildren;
    switch (random.pick(kinds)) {
      case "keyed":
        return { op: "keyed", effectId };
      case "plain":
        return { op: "plain", effectId };
      case "read":
        return { op: "read" };
      case "spend":
        return { op: "spend" };
      case "wait":
        return { op: "wait", ms: random.whole(1, waitMsMax) };
      case "child":
        return { op: "child", program: createChaosProgram(random, effectId, depth + 1) };
    }
  });
}

const kindsOfChildren = ["keyed", "keyed", "plain", "read", "spend", "wait"] as const;
const kindsOfParents = [...kindsOfChildren, "keyed", "plain", "child"] as const;

/** The program in a run's input: its own, or, for a run of a job, the one in its prompt, with the tick's name before its effects' ids. */
export function readChaosProgram(input: JsonObject): ChaosOperation[] {
  if (Array.isArray(input["program"])) return input["program"] as unknown as ChaosOperation[];
  const program = JSON.parse(String(input["prompt"])) as ChaosOperation[];
  const tick = input["tick"] as { key: string };
  return program.map((operation) =>
    "effectId" in operation ? { ...operation, effectId: `${operation.effectId}@${tick.key}` } : operation,
  );
}

/** Ids of keyed effects that a run of the program has caused when it is done. Those of a child count only if the child is done. */
export function keyedEffectsOf(program: readonly ChaosOperation[]): string[] {
  return program.flatMap((operation) => (operation.op === "keyed" ? [operation.effectId] : []));
}
