import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTrigger } from "./describe-trigger.ts";
import type { JobDefinition } from "./job.ts";

type Trigger = JobDefinition["trigger"];

const cases: [trigger: Trigger, words: string][] = [
  [{ kind: "cron", expression: "0 6 * * *" }, "cron 0 6 * * *"],
  [{ kind: "cron", expression: "@hourly", timeZone: "Asia/Tokyo" }, "cron @hourly (Asia/Tokyo)"],
  [{ kind: "every", every: 5_400_000 }, "every 1h 30m"],
  [{ kind: "every", every: "30m" }, "every 30m"],
  [{ kind: "at", at: "2026-03-03T12:00:00Z" }, "once at 2026-03-03T12:00:00Z"],
  [{ kind: "event", eventType: "mail.received" }, "on mail.received"],
  [{ kind: "event", eventType: "x.y", debounce: { quiet: "5s" } }, "on x.y after 5s of quiet"],
  [{ kind: "event", eventType: "x.y", batch: { max: 10, maxAge: 60_000 } }, "on x.y, 10 at once or after 1m"],
  [{ kind: "manual" }, "by hand"],
];

for (const [trigger, words] of cases) {
  test(`describeTrigger() says "${words}"`, () => assert.equal(describeTrigger(trigger), words));
}

test("describeTrigger() does not name the reader's own time zone", () => {
  const trigger: Trigger = { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" };
  assert.equal(describeTrigger(trigger, { timeZone: "Europe/Berlin" }), "cron 0 6 * * *");
  assert.equal(describeTrigger(trigger, { timeZone: "UTC" }), "cron 0 6 * * * (Europe/Berlin)");
});

test("describeTrigger() writes a moment in the reader's time zone", () => {
  const words = (at: string, timeZone: string) => describeTrigger({ kind: "at", at }, { timeZone });
  assert.equal(words("2027-06-01T07:00:00.000Z", "Europe/Berlin"), "once at 2027-06-01 09:00");
  assert.equal(words("2027-06-01T23:30:05Z", "Asia/Tokyo"), "once at 2027-06-02 08:30:05");
});
