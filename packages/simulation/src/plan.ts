/** A world before it happens: who takes part, what they are to do, and what goes wrong. Made from a seed, and small enough to print. */
import { faultKinds, type Fault, type FaultKind } from "./faults.ts";
import { createRandom, hashOf, type Random } from "./random.ts";

export const operationNames = [
  "create",
  "create keyed",
  "append",
  "lock",
  "once",
  "cancel",
  "answer",
  "retry",
  "run job",
  "pause job",
  "change job",
  "turn back",
  "sweep",
] as const;
export type OperationName = (typeof operationNames)[number];

/** Something that a client does, with a number that says to what and how. */
export interface PlannedOperation {
  name: OperationName;
  number: number;
}

export interface Plan {
  seed: number;
  workerCount: number;
  schedulerCount: number;
  clientCount: number;
  readerCount: number;
  jobCount: number;
  burst: number;
  /** The operations of the clients, dealt in turn. */
  operations: PlannedOperation[];
  faults: Fault[];
}

const weights: Record<OperationName, number> = {
  create: 10,
  "create keyed": 3,
  append: 2,
  lock: 3,
  once: 3,
  cancel: 2,
  answer: 1,
  retry: 1,
  "run job": 4,
  "pause job": 1,
  "change job": 1,
  "turn back": 2,
  sweep: 1,
};
const operationsMin = 8;
const operationsMax = 24;
const faultsMax = 28;
/** The steps within which faults are meant to happen. */
const faultStepsMax = 500;
const faultAmountMax = 80;
/** After so many steps nothing goes wrong any more, whatever is left to do. */
export const chaosStepsMax = 900;

export function createPlan(seed: number): Plan {
  const random = createRandom(hashOf("plan", seed));
  return {
    seed,
    workerCount: 2 + random.below(2),
    schedulerCount: 1 + random.below(2),
    clientCount: 1 + random.below(2),
    readerCount: random.below(2),
    jobCount: random.pick([0, 1, 2, 2, 3, 3]),
    burst: random.pick([1, 1, 2, 4, 8, 24]),
    operations: Array.from({ length: operationsMin + random.below(operationsMax - operationsMin) }, () => ({
      name: random.pick(weightedNames),
      number: random.below(10_000),
    })),
    faults: Array.from({ length: random.below(faultsMax) }, () => createFault(random)),
  };
}

const weightedNames = operationNames.flatMap((name) => Array.from({ length: weights[name] }, () => name));

/** As often as each stands here. */
const kinds: FaultKind[] = [
  ...faultKinds,
  "crash before",
  "crash after",
  "crash after",
  "error after",
  "pause",
  "pause",
];
const hit = ["worker", "worker", "worker", "worker", "client", "client", "scheduler", "reader", ""];
const moments: Fault["moment"][] = ["any", "any", "commit", "commit", "effect"];

function createFault(random: Random): Fault {
  return {
    kind: random.pick(kinds),
    at: random.below(faultStepsMax),
    on: random.pick(hit),
    moment: random.pick(moments),
    amount: 1 + random.below(faultAmountMax),
  };
}
