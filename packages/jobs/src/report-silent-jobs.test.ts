import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { defineJob } from "./define-job.ts";
import { fireDueTicks } from "./fire-due-ticks.ts";
import { pauseJob } from "./change-job-state.ts";
import { reportSilentJobs } from "./report-silent-jobs.ts";

const by = "test";
const everyMinute = { kind: "every", every: "1m", anchor: "2026-03-01T00:00:00Z" };

test("reportSilentJobs() says once that a job does not tick, when no scheduler lives, however many look and however often", async () => {
  await using opened = await createTestKernel();
  const { kernel, clock, database } = opened;
  const others = [kernel, await opened.openAnother(), await opened.openAnother()];
  await clock.set(new Date("2026-03-01T00:00:30Z"));
  await defineJob(kernel, { id: "j", prompt: "", overlap: "allow", trigger: everyMinute }, { by });
  await defineJob(kernel, { id: "paused", prompt: "", trigger: everyMinute }, { by });
  await pauseJob(kernel, "paused", { by });
  await clock.set(new Date("2026-03-01T00:01:50Z"));
  assert.equal(await reportSilentJobs(kernel), 0);
  await clock.set(new Date("2026-03-01T00:02:30Z"));
  const reported = await Promise.all([...others, ...others].map((each) => reportSilentJobs(each)));
  assert.equal(
    reported.reduce((sum, count) => sum + count, 0),
    1,
  );
  await clock.advance(3_600_000);
  assert.equal(await reportSilentJobs(kernel), 0);
  const events = await database.query<{ type: string; text: string | null; job: string }>(
    `select type, data ->> 'text' as text, data ->> 'jobId' as job from roost.event where type in ('job.silent', 'notice.raised') order by type`,
  );
  assert.deepEqual(
    events.map(({ type, job }) => [type, job]),
    [
      ["job.silent", "j"],
      ["notice.raised", "j"],
    ],
  );
  assert.match(events[1]!.text!, /Job j has been due for 1m.* and has not fired/);

  // A scheduler comes and goes again: the next moment that is missed is another one to report.
  while ((await fireDueTicks(kernel)).isMore);
  await clock.advance(180_000);
  assert.equal(await reportSilentJobs(kernel), 1);
});
