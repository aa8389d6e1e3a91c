/** Roost's API as a service: the first contract, and the public file of `@roost/contract/roost`. */
import { defineService } from "./define-service.ts";
import { roostEvents } from "./events/roost-events.ts";
import { roostOperations } from "./operations/roost-operations.ts";

const run = { to: "Run", as: "RunSummary", via: "listRuns" };
const job = { to: "Job", via: "listJobs" };

export const roostContract = defineService({
  name: "roost",
  title: "Roost",
  operations: roostOperations,
  events: roostEvents,
  topics: ["access", "coordination", "home", "jobs", "notices", "proxy", "routing", "runs", "sessions", "webhooks"],
  // Its answers carry labels of their own, row by row.
  labels: ["aud:main", "trust:untrusted"],
  hasPlainScopes: true,
  // It shows everything. Agents and services read runs and sessions by tools, which check labels.
  audience: ["owner", "device", "client", "script", "host"],
  relations: [
    ...["RunSummary", "Run"].flatMap((from) => [
      { from, name: "job", field: "jobId", ...job },
      { from, name: "parent", field: "parentRunId", ...run },
      { from, name: "session", field: "sessionKey", to: "Session", via: "listSessions", key: "key" },
    ]),
    ...["Tick", "Message", "Question", "Notice", "Lock"].map((from) => ({ from, name: "run", field: "runId", ...run })),
    { from: "Question", name: "job", field: "jobId", ...job },
  ],
  vocabulary: {
    run: "One durable execution of an agent for a job, a message or a parent run",
    step: "One checkpointed part of a run; a finished step never runs again",
    job: "A definition that starts runs: a trigger, a prompt, and policies",
    tick: "One scheduled moment of a job",
    session: "A conversation's transcript",
    token: "What a program, a device or a script shows at the front door",
    lock: "A lease that a person, script or agent takes by name",
    subject: "What is reserved to be written or made",
  },
});
