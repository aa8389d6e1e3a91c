/** The jobs of simulated worlds. A change leaves the trigger as it is: which moments are due can be told beforehand. */
import { createRandom, hashOf } from "./random.ts";

const triggers = [
  { kind: "every", every: "20s" },
  { kind: "cron", expression: "* * * * *" },
  { kind: "event", eventType: "notice.raised" },
];
const overlaps = ["skip", "queue-one", "queue-all", "cancel-old", "allow"];
const catchUps = [{ policy: "skip" }, { policy: "last" }, { policy: "all", max: 3 }];

export function jobId(job: number): string {
  return `job-${job}`;
}

/** What the job looks like in its `version`th shape. */
export function jobDefinition(job: number, version: number): object {
  const random = createRandom(hashOf("job", job, version));
  return {
    id: jobId(job),
    trigger: triggers[job % triggers.length],
    prompt: `shape ${version}`,
    overlap: random.pick(overlaps),
    catchUp: random.pick(catchUps),
    jitterMs: random.pick([0, 0, 2_000]),
    timeoutMs: 120_000,
    retry: { attemptsMax: 2, backoffMs: 5_000 },
  };
}
