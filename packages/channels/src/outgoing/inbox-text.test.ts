import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxEntryRecord } from "@roost/contract/operations";
import { inboxText } from "./inbox-text.ts";

test("inboxText() says which entries have no buttons yet, and shows hidden characters of titles", () => {
  const failure = { kind: "failure", failedCount: 2, reason: "no", runId: null, jobId: "feed" } as const;
  const since = "2026-03-02T08:00:00.000Z";
  const items: InboxEntryRecord[] = Array.from({ length: 11 }, (_, index) => ({
    ...failure,
    what: `job:feed-${index}`,
    id: `failure:${index}`,
    since,
    title: `Feed\u202e\n${index}`,
  }));
  const lines = inboxText({ items, isMore: true }).split("\n");
  assert.equal(lines[9], "10. Feed\\u202e 9 (by the buttons below)");
  assert.equal(
    lines[10],
    "11. Feed\\u202e 10 (by buttons that come with the next /inbox, when those before it are answered)",
  );
  assert.match(lines[11]!, /^More wait than these 11/);
  assert.equal(inboxText({ items: [], isMore: false }), "Nothing waits for you.");
});
