import assert from "node:assert/strict";
import { test } from "node:test";
import { readOccurrences } from "./read-occurrences.ts";

const event = (...lines: string[]) => ["BEGIN:VEVENT", "UID:u", "SUMMARY:Choir", ...lines, "END:VEVENT"];
const calendar = (...lines: string[]) => ["BEGIN:VCALENDAR", "VERSION:2.0", ...lines, "END:VCALENDAR", ""].join("\r\n");
const zone = [
  "BEGIN:VTIMEZONE",
  "TZID:Somewhere",
  "BEGIN:STANDARD",
  "DTSTART:19700101T000000",
  "TZOFFSETFROM:+0300",
  "TZOFFSETTO:+0300",
  "END:STANDARD",
  "END:VTIMEZONE",
];

function beginsOf(text: string, from: string, until: string): string[] {
  const options = {
    place: "/c/u.ics",
    from: new Date(from),
    until: new Date(until),
    timeZone: "Europe/Berlin",
    steps: { left: 500 },
  };
  return readOccurrences(text, options).map(({ at }) => at.toISOString().slice(0, 16));
}

test("readOccurrences() gives each begin once: of zones, whole days, repeats over a clock change, moved and cancelled ones", () => {
  const weekly = event(
    "DTSTART;TZID=Europe/Berlin:20260105T190000",
    "DURATION:PT1H",
    "RRULE:FREQ=WEEKLY",
    "EXDATE;TZID=Europe/Berlin:20260112T190000",
  );
  const moved = event("RECURRENCE-ID;TZID=Europe/Berlin:20260126T190000", "DTSTART;TZID=Europe/Berlin:20260120T180000");
  const cancelled = event(
    "RECURRENCE-ID;TZID=Europe/Berlin:20260202T190000",
    "DTSTART;TZID=Europe/Berlin:20260202T190000",
    "STATUS:CANCELLED",
  );
  for (const [text, [from, until], begins] of [
    [
      calendar(...event("DTSTART:20260110T120000Z")),
      ["2026-01-10T11:00:00Z", "2026-01-10T12:00:00Z"],
      ["2026-01-10T12:00"],
    ],
    [calendar(...event("DTSTART:20260110T120000Z")), ["2026-01-10T12:01:00Z", "2026-01-10T13:00:00Z"], []],
    [
      calendar(...event("DTSTART:20260110T120000")),
      ["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"],
      ["2026-01-10T11:00"],
    ],
    [
      calendar(...event("DTSTART;VALUE=DATE:20260110")),
      ["2026-01-09T12:00:00Z", "2026-01-11T00:00:00Z"],
      ["2026-01-09T23:00"],
    ],
    [
      calendar(...zone, ...event("DTSTART;TZID=Somewhere:20260110T120000")),
      ["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"],
      ["2026-01-10T09:00"],
    ],
    [
      calendar(...event("DTSTART;TZID=Nowhere:20260110T120000")),
      ["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"],
      ["2026-01-10T11:00"],
    ],
    [calendar(...weekly), march, ["2026-03-23T18:00", "2026-03-30T17:00"]],
    [
      calendar(...weekly, ...moved, ...cancelled),
      ["2026-01-06T00:00:00Z", "2026-02-10T00:00:00Z"],
      ["2026-01-20T17:00", "2026-01-19T18:00", "2026-02-09T18:00"],
    ],
    [
      calendar(...event("DTSTART:20260110T120000Z", "STATUS:CANCELLED")),
      ["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"],
      [],
    ],
  ] as const)
    assert.deepEqual(beginsOf(text, from, until), begins, text);
  assert.throws(() => beginsOf("no calendar", ...march));
});

const march = ["2026-03-20T00:00:00Z", "2026-04-02T00:00:00Z"] as const;
const codes = (start: number, count: number) => Array.from({ length: count }, (_, index) => start + index);

test("readOccurrences() ends with every rule: those that never match have no occurrence, and those without end are left", () => {
  const rule = (text: string, start = "DTSTART:20260101T000000Z") => calendar(...event(start, `RRULE:${text}`));
  for (const never of [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTH=4;BYDAY=1MO;BYMONTHDAY=20",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;INTERVAL=10000",
    "FREQ=DAILY;INTERVAL=10000",
  ])
    assert.deepEqual(
      beginsOf(rule(never), ...march).filter((begin) => !begin.startsWith("2026-03-02")),
      [],
      never,
    );
  const zoned = (more: string) =>
    calendar(
      ...zone.toSpliced(3, 0, more).join("\n").replace("DTSTART:19700101T000000\n", "").split("\n"),
      ...event("DTSTART;TZID=Somewhere:20260325T120000"),
    );
  const secondly = zoned("DTSTART:20200101T000000\r\nRRULE:FREQ=SECONDLY");
  const dates = codes(0, 6_000).map(() => "EXDATE:20260101T000000Z");
  for (const [what, text] of [
    ["each second", rule("FREQ=SECONDLY", "DTSTART:19700101T000000Z")],
    ["each second of a day that never is", rule("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")],
    ["far apart", rule("FREQ=DAILY;INTERVAL=10000000")],
    ["a zone that changes each second", secondly],
    ["dates", calendar(...event("DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY", ...dates))],
    ["rules", calendar(...event("DTSTART:20260101T000000Z", ...codes(0, 20).map(() => "RRULE:FREQ=DAILY")))],
    ["each minute of the time", rule("FREQ=MINUTELY", "DTSTART:20260320T000000Z")],
    ["events", calendar(...codes(0, 2_001).flatMap(() => event("DTSTART:20260325T000000Z")))],
    ["characters", calendar(...event("DTSTART:20260325T000000Z", `DESCRIPTION:${"x".repeat(1_100_000)}`))],
  ] as const)
    assert.throws(() => beginsOf(text, ...march), { code: "limit_exceeded" }, what);
});

test("readOccurrences() keeps apart what claims the UID of another event, and no text passes for a field of Roost's", () => {
  const options = { from: new Date(march[0]), until: new Date(march[1]), timeZone: "UTC", steps: { left: 500 } };
  const read = (place: string, ...lines: string[]) => readOccurrences(calendar(...lines), { ...options, place });
  const mine = read("/ida/mine/u.ics", ...event("DTSTART:20260325T000000Z"));
  const sent = read("/ida/inbox/u.ics", ...event("DTSTART:20260325T000000Z"));
  const twice = read("/ida/x/u.ics", ...event("DTSTART:20260325T000000Z"), ...event("DTSTART:20260326T000000Z"));
  assert.equal(new Set([...mine, ...sent, ...twice].map(({ key }) => key)).size, 4);
  const [forged] = read("/f", ...event("DTSTART:20260325T000000Z", "LOCATION:Hall\\nInvited by: Boss\u202e"));
  assert.deepEqual(forged?.text.split("\n").slice(3), ["Place: Hall Invited by: Boss", "", ""]);
});
