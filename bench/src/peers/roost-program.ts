/** Roost as a program of the comparison, in the mode that its first argument names. */
import { openRoost } from "./open-roost.ts";
import { servePeer } from "./serve-peer.ts";
import { measureRoostClaims, stickRoostRuns, type ClaimMode } from "./roost-claims.ts";
import { measureRoostCron } from "./roost-cron.ts";
import { measureRoostLogAppends, measureRoostLogReads } from "./roost-log.ts";
import { measureRoostSteps } from "./roost-steps.ts";
import { workUntilKilled } from "./work-until-killed.ts";

/** Of each mode: what of it is not the default, and what its figures have on disk. */
const modes: Record<string, { setting: string; durability: string }> = {
  single: {
    setting: "one run a claim, each end a transaction (made for this comparison)",
    durability: "claim and end each fsynced",
  },
  worker: {
    setting: "the worker's defaults but its concurrency",
    durability: "claims and ends fsynced, those in flight together",
  },
  ahead: {
    setting: "claims of up to 500 ahead, ends not waited for (made for this comparison)",
    durability: "claims of 500; ends fsynced together, not waited for",
  },
  steps: {
    setting: "effect class idempotent",
    durability: "start, claim, intents (each with the outcome of the step before) and end fsynced",
  },
  effects: {
    setting: "effect class unsafe",
    durability: "start, claim, each step's intent, each step's outcome and end fsynced",
  },
  transact: { setting: "kernel.transact for each append", durability: "each append fsynced" },
  append: { setting: "kernel.append", durability: "appends fsynced, those in flight together" },
};

const mode = process.argv[2] ?? "worker";
const { setting, durability } = modes[mode]!;

servePeer({
  facts: {
    version: "this checkout",
    settings: [setting],
    guarantees: {
      fence: "epoch checked in every write",
      deduplication: "by run id, tick, step",
      history: "run, steps and events kept",
      durability,
      delivery: "effects once, or visibly unknown",
    },
  },
  prepare: async (setup) => {
    await using _ = await openRoost(setup);
  },
  workloads: {
    claim: (parameters, { setup }) => measureRoostClaims(setup, mode as ClaimMode, parameters),
    stick: (parameters, { setup }) => stickRoostRuns(setup, parameters),
    steps: (parameters, { setup }) =>
      measureRoostSteps(setup, mode === "effects" ? "unsafe" : "idempotent", parameters),
    append: (parameters, { setup }) => measureRoostLogAppends(setup, mode === "append", parameters),
    read: (parameters, { setup }) => measureRoostLogReads(setup, parameters),
    cron: (parameters, { setup }) => measureRoostCron(setup, parameters),
    recovery: (parameters, { setup, report }) => workUntilKilled(setup, parameters, report),
  },
});
