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
  const options = { from: new Date(from), until: new Date(until), timeZone: "Europe/Berlin", steps: { left: 500 } };
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
  const march = ["2026-03-20T00:00:00Z", "2026-04-02T00:00:00Z"] as const;
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
  const endless = calendar(...event("DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY"));
  assert.throws(() => beginsOf(endless, ...march), /too many occurrences/);
});
