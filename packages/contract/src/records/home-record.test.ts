import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeRecord, homeRecordLimits, ImportReport, limitReport } from "./home-record.ts";

test("limitReport() leaves lines out until a report can be recorded, and counts them", () => {
  const lines = (count: number, chars: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${index} ${"é".repeat(chars)}`, reason: "x".repeat(chars) }));
  const empty = { kind: "folder", from: "/home", counts: {}, notes: [], leftOut: 3 };
  const few = { ...empty, refused: lines(1, 10), kept: [], noPlace: [], secrets: [] };
  assert.deepEqual(limitReport(few), few);
  const many = {
    ...empty,
    refused: lines(400, 10),
    kept: lines(200, 1_000),
    noPlace: lines(200, 1_000),
    secrets: lines(2, 1_000),
  };
  assert.equal(ImportReport.safeParse(many).success, false);
  const limited = ImportReport.parse(limitReport(many));
  assert.equal(limited.refused.length, homeRecordLimits.reportLinesMax);
  assert.equal(limited.secrets.length, 2);
  const left = [limited.refused, limited.kept, limited.noPlace, limited.secrets].reduce(
    (sum, list) => sum + list.length,
    0,
  );
  assert.equal(limited.leftOut, 3 + 802 - left);
});

test("HomeRecord takes the place of a source as looks leave it, and none that would stop the looks after it", () => {
  const since = "2026-01-31T08:00:00.000Z";
  const whole = { validity: "7", uid: 12, newestAt: since, era: 1, renumbered: { since, upTo: 9 } };
  const source = { kind: "source", ref: "work", name: "work", identity: "a1", nextNumber: 3, lookedAt: null };
  const place = { INBOX: whole, "Sent/2026": { validity: "1", uid: 0 } };
  assert.deepEqual(HomeRecord.parse({ ...source, place }), { ...source, place });
  for (const broken of [
    { uid: 12 },
    { ...whole, newestAt: "soon" },
    { ...whole, uid: -1 },
    { ...whole, renumbered: { upTo: 9 } },
  ])
    assert.equal(HomeRecord.safeParse({ ...source, place: { INBOX: broken } }).success, false);
  assert.equal(HomeRecord.safeParse({ ...source, place, nextNumber: 2 ** 40 }).success, false);
  const beat = { kind: "heartbeat", ref: "main", sessionKey: "main", calledAt: null, lastText: null, lastSentAt: null };
  const takes = (inputs: object) => HomeRecord.safeParse({ ...beat, inputs }).success;
  assert.deepEqual([takes({ "mail:work": "12", "state:email": "a1" }), takes({ "mail:work": "soon" })], [true, false]);
});
