import assert from "node:assert/strict";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readHomeFile } from "../files/read-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import { appendDailyNote } from "../notes/append-daily-note.ts";
import { sendMessage } from "../sessions/send-message.ts";
import { setState } from "../state/set-state.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { createTestWorker, startJobRun, type TestWorker } from "../testing/run-agent.ts";
import { because, beatsOf } from "../testing/run-beats.ts";
import { compareInputs } from "./heartbeat-inputs.ts";
import { lastHeartbeat } from "./remember-heartbeat.ts";

const files = {
  "roost.yaml": "timeZone: Europe/Berlin\nheartbeat: { staleAfter: 6h }\n",
  "HEARTBEAT.md": "- look at the mail\n",
  "SOUL.md": "a",
};
const by = "session:main";

test("heartbeatDecision() calls no model on a day of 48 heartbeats on which nothing happens, but the first", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  await setState(home.memory, { name: "email", value: { unread: 0 }, by });
  await home.test.clock.set(new Date("2026-01-31T05:00:00Z"));
  const decisions: unknown[] = [];
  for (let count = 0; count < 48; count += 1) {
    // Checks run all day and find nothing; midnight passes.
    await setState(home.memory, {
      name: "email",
      value: { unread: 0, lastCheckedAt: new Date(home.kernel.clock.nowMs()).toISOString() },
      by: "job:mail",
    });
    decisions.push(because(await beat()));
    await home.test.clock.advance(1_800_000);
  }
  assert.deepEqual(decisions, [["it is the first heartbeat"], ...Array.from({ length: 47 }, () => "unchanged")]);
});

test("heartbeatDecision() says what changed, once", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  const { beat } = beatsOf(home, worker);
  await beat();
  const cases: [what: string, change: () => Promise<unknown>, because: string[] | "unchanged"][] = [
    ["nothing", async () => undefined, "unchanged"],
    [
      "the file itself",
      () => home.writeOutside("HEARTBEAT.md", "- look at the mail\n- and the weather\n"),
      ["HEARTBEAT.md changed"],
    ],
    ["another file of the context", () => home.writeOutside("SOUL.md", "b"), ["SOUL.md changed"]],
    ["a file that is not in the context", () => home.writeOutside("letters/bank.md", "b"), "unchanged"],
    [
      "a note of main",
      () => appendDailyNote(memory, { text: "call the bank", as: { kind: "main" }, by, sessionKey: "main" }),
      ["NOTE is new"],
    ],
    ["a new skill", () => home.writeOutside("skills/x/SKILL.md", "x"), ["skills/x/SKILL.md is new"]],
    ["a skill is gone", () => unlink(join(home.homeDir, "skills/x/SKILL.md")), ["skills/x/SKILL.md is gone"]],
    [
      "a state",
      () => setState(memory, { name: "email", value: { unread: 3, checkedAt: 1 }, by }),
      ["email state is new"],
    ],
    [
      "a state, by a time of looking only",
      () => setState(memory, { name: "email", value: { unread: 3, checkedAt: 1_767_225_600 }, by }),
      ["email state changed"],
    ],
    [
      "the same, at another time",
      () => setState(memory, { name: "email", value: { unread: 3, checkedAt: 1_767_225_900 }, by }),
      "unchanged",
    ],
    [
      "a time that says when something is",
      () => setState(memory, { name: "email", patch: { nextMeetingAt: "2026-02-01T10:00" }, by }),
      ["email state changed"],
    ],
    [
      "what the person said",
      () => sendMessage(memory, { sessionKey: "main", text: "remind me" }).then(() => worker.turn("ok")),
      ["something was said in the main conversation"],
    ],
    ["a cron with nothing to report", () => cron(home, worker, "mail", "HEARTBEAT_OK"), "unchanged"],
    ["a cron with news", () => cron(home, worker, "mail", "The bank wrote"), ["something happened"]],
  ];
  const today =
    (await home.read("HEARTBEAT.md")) &&
    `memory/${new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Berlin" }).format(home.kernel.clock.nowMs())}.md`;
  for (const [what, change, expected] of cases) {
    await change();
    const found = because(await beat());
    assert.deepEqual(Array.isArray(found) ? found.map((line) => line.replace(today, "NOTE")) : found, expected, what);
    assert.equal(because(await beat()), "unchanged", `after: ${what}`);
  }
});

async function cron(home: TestMemory, worker: TestWorker, jobId: string, text: string): Promise<void> {
  await startJobRun(home.kernel, { jobId, kind: "cron" });
  await worker.turn(text);
}

test("heartbeatDecision() calls no model for an empty file, whatever happened, and does for a missing one", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  await home.writeOutside("HEARTBEAT.md", "# Tasks\n\n- [ ]\n<!-- nothing yet -->\n");
  await cron(home, worker, "mail", "The bank wrote");
  assert.equal(because(await beat()), "empty-heartbeat-file");
  assert.equal(because(await beat({ tickKey: "manual:1" })), "empty-heartbeat-file");
  await unlink(join(home.homeDir, "HEARTBEAT.md"));
  assert.deepEqual(because(await beat()), ["it is the first heartbeat", "something happened"]);
});

test("heartbeatDecision() shows a failed beat's inputs to the next one again", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  await beat();
  await cron(home, worker, "mail", "The bank wrote");
  await home.writeOutside("SOUL.md", "b");
  const expected = ["SOUL.md changed", "something happened"];
  assert.deepEqual(because(await beat({ end: "failed" })), expected);
  assert.deepEqual(because(await beat({ end: "failed" })), expected);
  assert.deepEqual(because(await beat()), expected);
  assert.equal(because(await beat()), "unchanged");
});

test("heartbeatDecision() is not woken by what the last beat wrote itself, and is by what came in meanwhile", async () => {
  await using home = await createTestMemory({ files: { ...files, "MEMORY.md": "m" } });
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  const { beat } = beatsOf(home, worker);
  const as = { kind: "heartbeat" } as const;
  await beat({
    during: async (run) => {
      const author = { by: "heartbeat", runId: run.id, sessionKey: run.sessionKey!, sessionKind: "heartbeat" } as const;
      await appendDailyNote(memory, { text: "looked", as, ...author });
      await setState(memory, { name: "heartbeat", value: { seen: ["a"] }, as, ...author });
    },
  });
  assert.equal(because(await beat()), "unchanged");
  await cron(home, worker, "mail", "news");
  await beat({
    during: async (run) => {
      await setState(memory, { name: "heartbeat", value: { seen: ["a", "b"] }, as, by: "heartbeat", runId: run.id });
      await setState(memory, { name: "heartbeat", value: { seen: ["c"] }, by: "job:mail" });
      await cron(home, worker, "mail", "more news");
      await writeHomeFile(memory, {
        path: "MEMORY.md",
        text: "changed by main",
        expected: await sha(memory, "MEMORY.md"),
        as: { kind: "main" },
        by,
      });
    },
  });
  const found = because(await beat());
  assert.deepEqual(Array.isArray(found) && found.toSorted(), [
    "MEMORY.md changed",
    "heartbeat state changed",
    "something happened",
  ]);
});

async function sha(memory: TestMemory["memory"], path: string): Promise<string> {
  return (await readHomeFile(memory, path, { as: { kind: "main" } })).sha256;
}

test("heartbeatDecision() notices once that a state has become stale", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  await setState(home.memory, { name: "email", value: { unread: 0 }, by });
  await beat();
  await home.test.clock.advance(6 * 3_600_000 - 60_000);
  assert.equal(because(await beat()), "unchanged");
  await home.test.clock.advance(120_000);
  assert.deepEqual(because(await beat()), ["email has become stale"]);
  assert.equal(because(await beat()), "unchanged");
  await setState(home.memory, { name: "email", patch: {}, by });
  assert.equal(because(await beat()), "unchanged");
});

test("heartbeatDecision() calls when it was asked for, and after a long quiet when the settings say so", async () => {
  await using home = await createTestMemory({
    files: { ...files, "roost.yaml": "timeZone: UTC\nheartbeat: { quietMsMax: 12h, staleAfter: 30d }\n" },
  });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  await beat();
  assert.deepEqual(because(await beat({ tickKey: "manual:1" })), ["it was asked for"]);
  await home.test.clock.advance(12 * 3_600_000);
  assert.deepEqual(because(await beat()), ["it has been quiet for 12h"]);
  assert.equal(because(await beat()), "unchanged");
});

test("lastHeartbeat() is what was delivered last, and when", async () => {
  await using home = await createTestMemory({ files });
  await using worker = await createTestWorker(home.memory);
  const { beat } = beatsOf(home, worker);
  const run = { sessionKey: "heartbeat:heartbeat" };
  assert.equal(await lastHeartbeat(home.memory, run), undefined);
  await beat({ text: "The bank wrote" });
  await home.writeOutside("SOUL.md", "b");
  await beat();
  const last = await lastHeartbeat(home.memory, run);
  assert.equal(last?.text, "The bank wrote");
  assert.ok(Math.abs(last.sentAtMs - home.kernel.clock.nowMs()) < 60_000);
});

test("compareInputs() takes a note that left the window, and what is fresh again, for no change", () => {
  const before = {
    "file:memory/2026-01-30.md": "a",
    "file:memory/2026-01-31.md": "b",
    "stale:email": "stale",
    "state:gone": "c",
    "said:main": "1",
  };
  assert.deepEqual(
    compareInputs(before, { "file:memory/2026-01-31.md": "b", "state:gone": "c", "said:main": "1" }),
    [],
  );
  assert.deepEqual(compareInputs(before, { ...before, "said:main": "2", "stale:mail": "stale", "file:SOUL.md": "x" }), [
    "something was said in the main conversation",
    "mail has become stale",
    "SOUL.md is new",
  ]);
  assert.deepEqual(compareInputs({ "state:gone": "c" }, {}), ["gone state is gone"]);
});
