/** The jobs of simulated worlds. A change may write a trigger in other words, never mean another: which moments are due can be told beforehand. */
import { createRandom, hashOf } from "./random.ts";

const triggers = [
  [{ kind: "every", every: "20s" }],
  // A change from one to the other plans the job anew, from the time that it is by then.
  [
    { kind: "cron", expression: "*/20 * * * * *" },
    { kind: "cron", expression: "0,20,40 * * * * *" },
  ],
  [{ kind: "event", eventType: "notice.raised" }],
];
/** The job whose trigger can be written in two ways, and how far its moments are apart. */
export const cronJob = { number: 1, everyMs: 20_000 };
const overlaps = ["skip", "queue-one", "queue-all", "cancel-old", "allow"];
const catchUps = [{ policy: "skip" }, { policy: "last" }, { policy: "all", max: 3 }];

export function jobId(job: number): string {
  return `job-${job}`;
}

/** What the job looks like in its `version`th shape. */
export function jobDefinition(job: number, version: number): object {
  const random = createRandom(hashOf("job", job, version));
  const words = triggers[job % triggers.length]!;
  return {
    id: jobId(job),
    trigger: words[version % words.length],
    prompt: `shape ${version}`,
    overlap: random.pick(overlaps),
    catchUp: random.pick(catchUps),
    jitterMs: random.pick([0, 0, 2_000]),
    timeoutMs: 120_000,
    retry: { attemptsMax: 2, backoffMs: 5_000 },
  };
}
