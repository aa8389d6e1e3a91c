import assert from "node:assert/strict";
import { test } from "node:test";
import { createSchedule, nextMoments } from "./next-moments.ts";
import type { Trigger } from "./trigger.ts";

const cron = (expression: string, timeZone: string): Trigger => ({ kind: "cron", expression, timeZone });

function momentsOf(trigger: Trigger, after: string, until: string, limit = 10_000): string[] {
  return nextMoments(trigger, { after: new Date(after), until: new Date(until), limit }).map((moment) =>
    moment.toISOString().replace(":00.000Z", "Z"),
  );
}

/** Clock changes by hand: [what, zone, expression, after, until, the UTC moments in between]. */
const changes: [title: string, zone: string, expression: string, after: string, until: string, expected: string[]][] = [
  // Berlin, 29 March 2026: 02:00 CET -> 03:00 CEST at 01:00Z. 25 October: 03:00 CEST -> 02:00 CET at 01:00Z.
  [
    "a daily 02:30 runs right after the gap",
    "Europe/Berlin",
    "30 2 * * *",
    "2026-03-28T12:00Z",
    "2026-03-30T12:00Z",
    ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
  ],
  [
    "several fixed times in the gap run once",
    "Europe/Berlin",
    "0,20,40 2,3 * * *",
    "2026-03-29T00:00Z",
    "2026-03-29T03:00Z",
    ["2026-03-29T01:00Z", "2026-03-29T01:20Z", "2026-03-29T01:40Z"],
  ],
  [
    "a daily 03:00 is not moved by the gap",
    "Europe/Berlin",
    "0 3 * * *",
    "2026-03-28T12:00Z",
    "2026-03-29T12:00Z",
    ["2026-03-29T01:00Z"],
  ],
  [
    "an hourly job keeps its interval over the gap",
    "Europe/Berlin",
    "0 * * * *",
    "2026-03-28T23:30Z",
    "2026-03-29T03:00Z",
    ["2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z", "2026-03-29T03:00Z"],
  ],
  [
    "an interval within the gap's hour runs once after it",
    "Europe/Berlin",
    "*/30 2 * * *",
    "2026-03-28T12:00Z",
    "2026-03-30T00:00Z",
    ["2026-03-29T01:00Z", "2026-03-30T00:00Z"],
  ],
  [
    "a daily 02:30 runs once in the overlap",
    "Europe/Berlin",
    "30 2 * * *",
    "2026-10-24T12:00Z",
    "2026-10-26T12:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "a daily 02:30 asked between the two 02:30 is over",
    "Europe/Berlin",
    "30 2 * * *",
    "2026-10-25T00:45Z",
    "2026-10-26T12:00Z",
    ["2026-10-26T01:30Z"],
  ],
  [
    "a daily 02:30 asked in the second 02:00-03:00 is over",
    "Europe/Berlin",
    "30 2 * * *",
    "2026-10-25T01:10Z",
    "2026-10-26T12:00Z",
    ["2026-10-26T01:30Z"],
  ],
  [
    "a daily 03:00 runs once after the overlap",
    "Europe/Berlin",
    "0 3 * * *",
    "2026-10-25T00:00Z",
    "2026-10-25T12:00Z",
    ["2026-10-25T02:00Z"],
  ],
  [
    "an interval runs in both halves of the overlap",
    "Europe/Berlin",
    "*/30 2 * * *",
    "2026-10-24T12:00Z",
    "2026-10-25T12:00Z",
    ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z"],
  ],
  // New York, 8 March 2026: 02:00 EST -> 03:00 EDT at 07:00Z. 1 November: 02:00 EDT -> 01:00 EST at 06:00Z.
  [
    "New York's gap",
    "America/New_York",
    "15 2 * * *",
    "2026-03-07T12:00Z",
    "2026-03-09T12:00Z",
    ["2026-03-08T07:00Z", "2026-03-09T06:15Z"],
  ],
  [
    "New York's overlap",
    "America/New_York",
    "30 1 * * *",
    "2026-10-31T12:00Z",
    "2026-11-02T12:00Z",
    ["2026-11-01T05:30Z", "2026-11-02T06:30Z"],
  ],
  [
    "New York, weekdays at nine",
    "America/New_York",
    "0 9 * * MON-FRI",
    "2026-03-06T12:00Z",
    "2026-03-09T23:00Z",
    ["2026-03-06T14:00Z", "2026-03-09T13:00Z"],
  ],
  // Lord Howe changes by 30 minutes. 4 October 2026: 02:00 -> 02:30 at 15:30Z on the 3rd. 5 April: 02:00 -> 01:30 at 15:00Z on the 4th.
  [
    "Lord Howe's half-hour gap",
    "Australia/Lord_Howe",
    "15 2 * * *",
    "2026-10-02T20:00Z",
    "2026-10-04T20:00Z",
    ["2026-10-03T15:30Z", "2026-10-04T15:15Z"],
  ],
  [
    "Lord Howe's half-hour overlap",
    "Australia/Lord_Howe",
    "45 1 * * *",
    "2026-04-03T20:00Z",
    "2026-04-05T20:00Z",
    ["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
  ],
  [
    "Lord Howe, an interval over the gap",
    "Australia/Lord_Howe",
    "*/15 * * * *",
    "2026-10-03T15:00Z",
    "2026-10-03T16:00Z",
    ["2026-10-03T15:15Z", "2026-10-03T15:30Z", "2026-10-03T15:45Z", "2026-10-03T16:00Z"],
  ],
  // Kolkata never changes and is half an hour off.
  [
    "Kolkata's half hour",
    "Asia/Kolkata",
    "0 6 * * *",
    "2026-03-28T12:00Z",
    "2026-03-30T12:00Z",
    ["2026-03-29T00:30Z", "2026-03-30T00:30Z"],
  ],
  // Santiago changes at midnight, so a daily 00:00 is what vanishes: 6 September 2026, 04:00Z.
  [
    "a gap at midnight keeps the daily midnight job",
    "America/Santiago",
    "0 0 * * *",
    "2026-09-05T12:00Z",
    "2026-09-07T12:00Z",
    ["2026-09-06T04:00Z", "2026-09-07T03:00Z"],
  ],
  // Samoa skipped 30 December 2011: a correction of the calendar, not daylight saving.
  [
    "a day that was struck from the calendar makes nothing up",
    "Pacific/Apia",
    "0 9 * * *",
    "2011-12-29T00:00Z",
    "2012-01-01T00:00Z",
    ["2011-12-29T19:00Z", "2011-12-30T19:00Z", "2011-12-31T19:00Z"],
  ],
];

for (const [title, zone, expression, after, until, expected] of changes) {
  test(`nextMoments() cron: ${title}`, () => {
    assert.deepEqual(momentsOf(cron(expression, zone), after, until), expected);
  });
}

test("nextMoments() cron ticks each second through Vienna's overlap", () => {
  const moments = nextMoments(cron("* * * * * *", "Europe/Vienna"), {
    after: new Date("2025-10-26T00:59:00Z"),
    until: new Date("2025-10-26T01:01:00Z"),
    limit: 1000,
  });
  assert.equal(moments.length, 120);
});

test("nextMoments() every stays on its anchor's grid whatever moment is asked for", () => {
  const trigger: Trigger = { kind: "every", everyMs: 20 * 60_000, anchor: "2026-03-01T00:07:00Z" };
  assert.deepEqual(momentsOf(trigger, "2026-03-01T10:00Z", "2026-03-01T11:00Z"), [
    "2026-03-01T10:07Z",
    "2026-03-01T10:27Z",
    "2026-03-01T10:47Z",
  ]);
  assert.deepEqual(momentsOf(trigger, "2026-03-01T10:27Z", "2026-03-01T10:47Z"), ["2026-03-01T10:47Z"]);
  assert.deepEqual(momentsOf(trigger, "2026-02-28T00:00Z", "2026-03-01T00:10Z"), ["2026-03-01T00:07Z"]);
});

test("nextMoments() every takes the anchor of its job when it has none", () => {
  const moments = nextMoments(
    { kind: "every", everyMs: 60_000 },
    { anchorMs: 5_000, after: new Date(5_000), limit: 2 },
  );
  assert.deepEqual(moments, [new Date(65_000), new Date(125_000)]);
});

test("nextMoments() at is one moment, in UTC unless it says otherwise", () => {
  assert.deepEqual(momentsOf({ kind: "at", at: "2026-03-01T07:30:00" }, "2026-03-01T00:00Z", "2026-03-02T00:00Z"), [
    "2026-03-01T07:30Z",
  ]);
  assert.deepEqual(
    momentsOf({ kind: "at", at: "2026-03-01T07:30:00+02:00" }, "2026-03-01T00:00Z", "2026-03-02T00:00Z"),
    ["2026-03-01T05:30Z"],
  );
  assert.deepEqual(momentsOf({ kind: "at", at: "2026-03-01T07:30:00Z" }, "2026-03-01T07:30Z", "2027-03-02T00:00Z"), []);
});

test("nextMoments() event and manual have no moments", () => {
  assert.deepEqual(momentsOf({ kind: "event", eventType: "run.done" }, "2026-03-01T00:00Z", "2027-03-01T00:00Z"), []);
  assert.deepEqual(momentsOf({ kind: "manual" }, "2026-03-01T00:00Z", "2027-03-01T00:00Z"), []);
});

test("nextMoments() keeps to its limit", () => {
  assert.equal(momentsOf(cron("* * * * *", "UTC"), "2026-03-01T00:00Z", "2027-03-01T00:00Z", 7).length, 7);
});

const refused: [trigger: Trigger, message: RegExp][] = [
  [cron("0 6 * * *", "Mars/Olympus"), /"Mars\/Olympus" is not a time zone: use an IANA name/],
  [{ kind: "at", at: "tomorrow" }, /"tomorrow" is not a date and time/],
  [{ kind: "at", at: "2026-02-30T00:00:00Z" }, /is not a date and time/],
  [{ kind: "every", everyMs: 0 }, /interval of 0 ms/],
  [{ kind: "every", everyMs: 1.5 }, /interval of 1.5 ms/],
];

for (const [trigger, message] of refused) {
  test(`nextMoments() refuses ${JSON.stringify(trigger)}`, () => {
    assert.throws(() => momentsOf(trigger, "2026-03-01T00:00Z", "2027-03-01T00:00Z"), {
      code: "invalid_input",
      message,
    });
  });
}

test("createSchedule() has no moment that no record can hold", () => {
  const after = Date.UTC(9998, 11, 31);
  const century = { kind: "every", everyMs: 36_500 * 86_400_000, anchor: "9998-12-31T23:59:59-23:59" } as const;
  const schedule = createSchedule(century);
  const last = schedule.next(after);
  assert.equal(last, Date.parse("9999-01-01T23:58:59Z"));
  assert.equal(schedule.next(last), undefined);
});
