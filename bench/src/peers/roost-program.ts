/** Roost as a program of the comparison. Its mode is the first argument: single, worker or batched. */
import { servePeer } from "./serve-peer.ts";
import { measureRoostClaims, stickRoostRuns, type ClaimMode } from "./roost-claims.ts";
import { measureRoostCron } from "./roost-cron.ts";
import { measureRoostLogAppends, measureRoostLogReads } from "./roost-log.ts";
import { workUntilKilled } from "./work-until-killed.ts";
import { measureRoostSteps } from "./roost-steps.ts";
import { openRoost } from "./open-roost.ts";

const mode = (process.argv[2] ?? "worker") as ClaimMode;
const settings = {
  single: ["one run a claim, each end in its own transaction (made for this comparison)"],
  worker: ["the worker's defaults but its concurrency"],
  batched: ["claims of up to 500 ahead, ends not waited for (made for this comparison)"],
};

servePeer({
  facts: {
    version: "this checkout",
    settings: settings[mode],
    guarantees: {
      fence: "epoch checked in every write",
      deduplication: "by run id, tick, step",
      history: "run, steps and events kept",
      durability: "each commit fsynced: claim, intent and outcome of each step, end",
      delivery: "effects once, or visibly unknown",
    },
  },
  prepare: async (setup) => {
    await using _ = await openRoost(setup);
  },
  workloads: {
    claim: (parameters, { setup }) => measureRoostClaims(setup, mode, parameters),
    stick: (parameters, { setup }) => stickRoostRuns(setup, parameters),
    steps: (parameters, { setup }) => measureRoostSteps(setup, parameters),
    append: (parameters, { setup }) =>
      measureRoostLogAppends(setup, mode === "single" ? "single" : "batched", parameters),
    read: (parameters, { setup }) => measureRoostLogReads(setup, parameters),
    cron: (parameters, { setup }) => measureRoostCron(setup, parameters),
    recovery: (parameters, { setup, report }) => workUntilKilled(setup, parameters, report),
  },
});
