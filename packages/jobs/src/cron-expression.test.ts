import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCronExpression } from "./cron-expression.ts";

const wall = (text: string) => Date.parse(`${text}Z`);

const matches: [expression: string, after: string, next: string][] = [
  ["*/20 * * * *", "2026-03-01T10:00:00", "2026-03-01T10:20:00"],
  ["*/20 * * * *", "2026-03-01T10:19:59.999", "2026-03-01T10:20:00"],
  ["*/20 * * * *", "2026-03-01T10:20:00.001", "2026-03-01T10:40:00"],
  ["0 6 * * *", "2026-12-31T06:00:00", "2027-01-01T06:00:00"],
  ["30 9 * * MON-FRI", "2026-03-06T09:30:00", "2026-03-09T09:30:00"],
  ["0 0 13 * FRI", "2026-03-01T00:00:00", "2026-03-06T00:00:00"],
  ["15 10 * JAN,JUL *", "2026-02-01T00:00:00", "2026-07-01T10:15:00"],
  ["0 9 * * MON#2", "2026-01-01T00:00:00", "2026-01-12T09:00:00"],
  ["0 0 L * *", "2026-02-01T00:00:00", "2026-02-28T00:00:00"],
  ["0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"],
  ["0 0 * * 7", "2026-03-02T00:00:00", "2026-03-08T00:00:00"],
  ["0 12 ? * 1", "2026-03-03T00:00:00", "2026-03-09T12:00:00"],
  ["15 */5 * * * *", "2026-03-01T10:00:15", "2026-03-01T10:05:15"],
  ["* * * * * *", "2026-03-01T10:00:00", "2026-03-01T10:00:01"],
  ["@hourly", "2026-03-01T10:00:00", "2026-03-01T11:00:00"],
  ["@daily", "2026-03-01T10:00:00", "2026-03-02T00:00:00"],
  ["@weekly", "2026-03-01T10:00:00", "2026-03-08T00:00:00"],
  ["@monthly", "2026-03-01T10:00:00", "2026-04-01T00:00:00"],
  ["@Yearly", "2026-03-01T10:00:00", "2027-01-01T00:00:00"],
  ["  0   6  * *\t* ", "2026-03-01T10:00:00", "2026-03-02T06:00:00"],
];

for (const [expression, after, next] of matches) {
  test(`parseCronExpression("${expression}") goes from ${after} to ${next}`, () => {
    assert.equal(
      new Date(parseCronExpression(expression).nextWall(wall(after)) ?? 0).toISOString(),
      new Date(wall(next)).toISOString(),
    );
  });
}

const intervals: [expression: string, interval: boolean][] = [
  ["30 2 * * *", false],
  ["0,30 2-3 * * *", false],
  ["0-59/5 2 * * *", false],
  ["* 30 2 * * *", false],
  ["@daily", false],
  ["0 * * * *", true],
  ["@hourly", true],
  ["*/15 9-17 * * *", true],
  ["0 */2 * * *", true],
  ["0 * 2 * * *", true],
];

for (const [expression, interval] of intervals) {
  test(`parseCronExpression("${expression}").interval is ${interval}`, () => {
    assert.equal(parseCronExpression(expression).interval, interval);
  });
}

test("parseCronExpression() takes ? for *, so that a weekday beside it counts alone", () => {
  for (const [asked, plain] of [
    ["0 9 ? * MON", "0 9 * * MON"],
    ["? 9 * * *", "* 9 * * *"],
    ["?/20 ? 1 * ?", "*/20 * 1 * *"],
  ] as const) {
    const [left, right] = [parseCronExpression(asked), parseCronExpression(plain)];
    assert.deepEqual([left.interval, left.everyHour], [right.interval, right.everyHour], asked);
    let atMs = Date.UTC(2026, 2, 1);
    for (let count = 0; count < 50; count += 1) {
      assert.equal(left.nextWall(atMs), right.nextWall(atMs), asked);
      atMs = right.nextWall(atMs) ?? 0;
    }
  }
});

const refused: [expression: string, reason: RegExp][] = [
  ["", /1 fields; cron has 5/],
  ["* * * *", /4 fields; cron has 5/],
  ["0 0 0 1 1 * 2027", /7 fields; cron has 5/],
  ["2024-01-23T00:00:00", /1 fields; cron has 5/],
  ["61 * * * *", /minute: 61/],
  ["0 25 * * *", /hour: 25/],
  ["0 0 * * FUN", /FUN/],
  ["*/0 * * * *", /stepping: 0/],
  ["0 0 30 2 *", /no date ever matches/],
  ["@reboot", /nicknames are @yearly/],
  [`${"1,".repeat(200)}1 * * * *`, /longer than 200 characters/],
];

for (const [expression, reason] of refused) {
  test(`parseCronExpression() refuses "${expression.slice(0, 20)}"`, () => {
    assert.throws(() => parseCronExpression(expression), { code: "invalid_input", message: reason });
  });
}
