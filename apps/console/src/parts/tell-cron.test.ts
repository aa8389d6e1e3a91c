import assert from "node:assert/strict";
import { test } from "node:test";
import { tellCron, tellWhen } from "./tell-cron.ts";

test("tellCron() says the usual expressions in words and leaves the others as they are written", () => {
  const told = {
    "0 6 * * *": "daily at 06:00",
    "30 7,19 * * 1-5": "on weekdays at 07:30, 19:30",
    "0 18 * * 0": "on Sundays at 18:00",
    "0 10 * * 1,3,5": "on Mon, Wed, Fri at 10:00",
    "*/15 * * * *": "every 15 minutes",
    "5 * * * *": "every hour at :05",
    "0 */6 * * *": "every 6 hours at :00",
    "0 9 1 * *": "on day 1 of the month at 09:00",
    "0 9 1 1 *": "0 9 1 1 *",
    "0 9-17 * * *": "0 9-17 * * *",
    "@hourly": "@hourly",
  };
  for (const [expression, text] of Object.entries(told)) assert.equal(tellCron(expression), text);
});

test("tellWhen() tells a trigger of a job and keeps its zone", () => {
  assert.equal(tellWhen("cron 0 6 * * * (Asia/Tokyo)"), "daily at 06:00 (Asia/Tokyo)");
  assert.equal(tellWhen("every 20m"), "every 20m");
});
