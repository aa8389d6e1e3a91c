/** What is accepted can be carried out, and one poisoned thing stops only itself. */
import { kernelMutant, type Mutant } from "./mutant.ts";

const setAside = "fireDueTicks() sets aside a job with a budget out of bounds, says so once, and fires all others";
const canBeChanged = "a due job with a budget out of bounds can be paused, changed and removed";
const eventJob =
  "X: fireEventTicks() sets the events of a job that cannot take them aside, gives up once, and fires all others";
const inOrder =
  "fireEventTicks() delivers what was set aside in its order once the job is changed, and only then what came later";
const windowCanBeChanged = "an event job whose window cannot be closed can be paused, changed and removed";

export const boundMutants: readonly Mutant[] = [
  kernelMutant({
    name: "poison: due jobs are fired one by one",
    edits: [
      {
        file: "jobs/fire-due-ticks.ts",
        find: 'if (isPassing(error)) throw error;\n    kernel.logger.warn("due ticks',
        replace: 'if (error !== undefined) throw error;\n    kernel.logger.warn("due ticks',
      },
    ],
    tests: "jobs/set-aside-job.test.ts",
    kills: [setAside],
    spares: [canBeChanged],
  }),
  kernelMutant({
    name: "poison: event jobs are fired one by one",
    edits: [
      {
        file: "groups/consume-group.ts",
        find: 'if (isPassing(error)) throw error;\n    kernel.logger.warn("events could',
        replace: 'if (error !== undefined) throw error;\n    kernel.logger.warn("events could',
      },
    ],
    tests: "jobs/set-aside-event-job.test.ts",
    kills: [eventJob],
    spares: [windowCanBeChanged],
  }),
  kernelMutant({
    name: "poison: what comes later waits behind what is set aside",
    edits: [
      {
        file: "groups/consume-group.ts",
        find: "const free = locked.filter(({ key }) => !parked.has(key));",
        replace: "const free = locked;",
      },
    ],
    tests: "jobs/set-aside-event-job.test.ts",
    kills: [inOrder],
    spares: [windowCanBeChanged],
  }),
  kernelMutant({
    name: "poison: closing windows before a change may fail",
    edits: [
      {
        file: "jobs/gather-events.ts",
        find: "if (isPassing(error)) throw error;",
        replace: "if (error !== undefined) throw error;",
      },
    ],
    tests: "jobs/set-aside-event-job.test.ts",
    kills: [windowCanBeChanged],
    spares: [eventJob],
  }),
  kernelMutant({
    name: "poison: settling before a change may fail",
    edits: [
      {
        file: "jobs/settle-due-ticks.ts",
        find: "if (isPassing(error)) throw error;",
        replace: "if (error !== undefined) throw error;",
      },
    ],
    tests: "jobs/set-aside-job.test.ts",
    kills: [canBeChanged],
    spares: [setAside],
  }),
  kernelMutant({
    name: "poison: what fails together is done one by one",
    edits: [
      {
        file: "each-alone.ts",
        find: "if (isPassing(error)) throw error;\n    return await eachAlone",
        replace: "if (error !== undefined) throw error;\n    return await eachAlone",
      },
    ],
    tests: "each-alone.test.ts",
    kills: [
      "expireLocks() frees the others when one cannot be freed",
      "promoteDueRuns() sets aside the run that cannot go on, says so once, and lets all others go on",
    ],
    spares: ["failOverdueRuns() ends the others when one cannot be ended"],
  }),
  kernelMutant({
    name: "poison: what hits many is a fault of the home",
    edits: [
      {
        file: "judge-failures.ts",
        find: "return count > triedCount * faultShare;",
        replace: "return count > triedCount;",
      },
    ],
    tests: "each-alone.test.ts",
    kills: ["eachAlone() sets none aside for what too many have in common, and tells it once"],
    spares: ["failOverdueRuns() ends the others when one cannot be ended"],
  }),
  kernelMutant({
    name: "bounds: a moment that no record can hold",
    edits: [
      {
        file: "jobs/next-moments.ts",
        find: "return atMs !== undefined && isMoment(atMs) ? atMs : undefined;",
        replace: "return atMs;",
      },
    ],
    tests: "jobs/next-moments.test.ts",
    kills: ["createSchedule() has no moment that no record can hold"],
    spares: [],
  }),
  kernelMutant({
    name: "bounds: a wake-up is checked before the commit",
    edits: [{ file: "transact.ts", find: "    checkChannel(channel);\n", replace: "" }],
    tests: "transact.test.ts",
    kills: ["transact() refuses a channel that cannot be woken before it commits"],
    spares: ["transact() appends what its work emitted, in order, with its commit"],
  }),
  kernelMutant({
    name: "bounds: text that no store can hold is replaced in events",
    edits: [
      {
        file: "log/prepare-event.ts",
        find: "if (isStorableJson(payload)) return",
        replace: "if (payload !== undefined) return",
      },
    ],
    tests: "log/append-in-batches.test.ts",
    kills: ["Kernel.append() replaces what PostgreSQL cannot store, as models and tools produce it"],
    spares: ["Kernel.append() refuses a bad draft alone, before it is queued"],
  }),
  {
    name: "poison: a list without the row that cannot be shown",
    edits: [
      {
        file: "packages/contract/src/run-operation.ts",
        find: "if (shown !== undefined) return shown;",
        replace: "",
        count: 1,
      },
    ],
    tests: "packages/contract/src/create-routes.test.ts",
    kills: ["createRoutes() answers a list without the rows that cannot be shown, and names them"],
    spares: ["createRoutes() logs an answer against the contract with the field"],
  },
];
