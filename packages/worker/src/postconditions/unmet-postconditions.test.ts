import assert from "node:assert/strict";
import { test } from "node:test";
import { roostEvents } from "@roost/contract/events";
import type { Postcondition } from "@roost/contract/operations";
import {
  createRun,
  finishRun,
  forkRun,
  reapWorkers,
  retryRun,
  sweepFinishedRuns,
  type Kernel,
  type Owned,
} from "@roost/kernel";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import {
  begin,
  claimOne,
  done,
  fail,
  joinWorker,
  killConnection,
  read,
  startRun,
  stateOf,
} from "@roost/kernel/testing/drive-runs";
import { testEvents } from "@roost/kernel/testing/test-events";
import { judgePostconditions } from "./judge-postconditions.ts";

const events = [...roostEvents, ...testEvents];
const hash = "0".repeat(64);

function changeState(kernel: Kernel, name: string, value: object, runId?: string): Promise<unknown> {
  const data = { by: "test", name, stateVersion: 1, value: value as never, runId };
  return kernel.append([{ type: "state.changed", subject: name, key: `memory/${name}-state.json`, data }]);
}

function writeFile(kernel: Kernel, path: string, runId: string): Promise<unknown> {
  return kernel.append([
    { type: "file.written", subject: path, data: { by: "test", path, sha256: hash, bytes: 1, runId } },
  ]);
}

async function note(kernel: Kernel, n: number, links: { causation?: string; correlation?: string }): Promise<void> {
  await kernel.append([{ type: "note.written", data: { n }, ...links }]);
}

async function missingOf(kernel: Kernel, runId: string): Promise<unknown> {
  const { error } = await read(kernel, runId);
  return (error?.details as { missing?: unknown } | undefined)?.missing;
}

function end(kernel: Kernel, owned: Owned) {
  return finishRun(kernel, owned, { state: "done", output: "all is done" }, { judge: judgePostconditions });
}

/** Claims a run with these postconditions, does something as its owner, and says it is done. */
async function endAfter(
  postconditions: Postcondition[],
  work: (kernel: Kernel, owned: Owned & { causeId: string; correlation: string }) => Promise<unknown>,
): Promise<{ state: string; missing: unknown }> {
  await using test = await createTestKernel({ events });
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { postconditions });
  const run = await claimOne(kernel, worker);
  await work(kernel, { ...run.owned, causeId: run.causeId, correlation: run.correlation });
  await end(kernel, run.owned);
  return { state: (await read(kernel, run.id)).state, missing: await missingOf(kernel, run.id) };
}

const met: [string, Postcondition, Parameters<typeof endAfter>[1]][] = [
  [
    "an event that its own event caused",
    { kind: "event", eventType: "note.written", filter: { n: 7 } },
    async (kernel, { causeId, correlation }) => note(kernel, 7, { causation: causeId, correlation }),
  ],
  [
    "a state that it changed",
    { kind: "state", name: "email" },
    (kernel, { runId }) => changeState(kernel, "email", { unread: 1 }, runId),
  ],
  [
    "a key of a state that it changed",
    { kind: "state", name: "email", key: "checked.at" },
    async (kernel, { runId }) => {
      await changeState(kernel, "email", { checked: { at: 1 } });
      await changeState(kernel, "email", { checked: { at: 2 } }, runId);
    },
  ],
  ["a file that it wrote", { kind: "file", path: "a.md" }, (kernel, { runId }) => writeFile(kernel, "a.md", runId)],
  [
    "a tool of an agent that it used",
    { kind: "tool", name: "notify" },
    async (kernel, owned) => {
      await begin(kernel, owned, 1, { name: "tool:notify#1" });
      await done(kernel, owned, 1);
    },
  ],
];

const unmet: [string, Postcondition, string, Parameters<typeof endAfter>[1]][] = [
  [
    "an event with other data",
    { kind: "event", eventType: "note.written", filter: { n: 7 } },
    "no event note.written with n = 7 was emitted",
    async (kernel, { causeId, correlation }) => note(kernel, 8, { causation: causeId, correlation }),
  ],
  [
    "another's event of the same origin",
    { kind: "event", eventType: "note.written" },
    "no event note.written was emitted",
    (kernel, { correlation }) => note(kernel, 7, { correlation, causation: "somebody else's" }),
  ],
  [
    "a state that another changed",
    { kind: "state", name: "email" },
    "the state email was not changed",
    (kernel) => changeState(kernel, "email", { unread: 1 }, kernel.createId()),
  ],
  [
    "a state written anew with the same value at the key",
    { kind: "state", name: "email", key: "checked.at" },
    "checked.at of the state email was not changed",
    async (kernel, { runId }) => {
      await changeState(kernel, "email", { checked: { at: 2 } });
      await changeState(kernel, "email", { checked: { at: 2 }, unread: 1 }, runId);
    },
  ],
  [
    "another file",
    { kind: "file", path: "a.md" },
    "the file a.md was not written",
    (kernel, { runId }) => writeFile(kernel, "b.md", runId),
  ],
  [
    "a tool that failed",
    { kind: "tool", name: "notify" },
    "the tool notify was not used successfully",
    async (kernel, owned) => {
      await begin(kernel, owned, 1, { name: "tool:notify#1" });
      await done(kernel, owned, 1, { state: "failed", error: { code: "timeout", message: "no answer" } });
    },
  ],
];

for (const [what, postcondition, work] of met) {
  test(`unmetPostconditions() counts ${what}`, async () => {
    assert.deepEqual(await endAfter([postcondition], work), { state: "done", missing: undefined });
  });
}

for (const [what, postcondition, missing, work] of unmet) {
  test(`unmetPostconditions() does not count ${what}`, async () => {
    assert.deepEqual(await endAfter([postcondition], work), { state: "failed", missing: [missing] });
  });
}

test("judgePostconditions() names all that is missing", async () => {
  await using test = await createTestKernel({ events });
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, {
    postconditions: [
      { kind: "event", eventType: "note.written" },
      { kind: "file", path: "a.md" },
      { kind: "tool", name: "notify" },
    ],
  });
  const { owned } = await claimOne(kernel, worker);
  await writeFile(kernel, "a.md", runId);
  assert.equal((await end(kernel, owned)).unmet?.code, "postcondition_unmet");
  const run = await read(kernel, runId);
  assert.match(run.error!.message, /no event note\.written was emitted; the tool notify was not used/);
});

test("unmetPostconditions() counts what runs below it did, and what happened before its worker died", async () => {
  await using test = await createTestKernel({ events });
  const { kernel } = test;
  const worker = await joinWorker(kernel);
  const runId = await startRun(kernel, {
    postconditions: [
      { kind: "file", path: "of-the-child.md" },
      { kind: "state", name: "email" },
      { kind: "tool", name: "notify" },
    ],
  });
  const { owned } = await claimOne(kernel, worker);
  await begin(kernel, owned, 1, { name: "notify" });
  await done(kernel, owned, 1);
  const child = await kernel.transact((tx) =>
    createRun(tx, { reason: "child", input: {}, parent: { ...owned, seq: 2 } }),
  );
  await killConnection(test.database, worker.workerId);
  await reapWorkers(kernel);
  await worker.release().catch(() => undefined);

  await using second = await joinWorker(kernel);
  const children = await claimOne(kernel, second);
  const again = children.id === runId ? children : await claimOne(kernel, second);
  await writeFile(kernel, "of-the-child.md", child.runId);
  await changeState(kernel, "email", { unread: 0 }, runId);
  assert.deepEqual(await end(kernel, again.owned), { state: "done" });
});

test("unmetPostconditions() counts, in a retry, what the run did whose recorded steps it goes on from, also out of history", async () => {
  await using test = await createTestKernel({ events });
  const { kernel, clock } = test;
  const worker = await joinWorker(kernel);
  const runId = await startRun(kernel, {
    postconditions: [
      { kind: "file", path: "a.md" },
      { kind: "tool", name: "notify" },
    ],
  });
  const first = await claimOne(kernel, worker);
  await writeFile(kernel, "a.md", runId);
  await fail(kernel, first.owned);
  await clock.advance(7_200_000);
  assert.equal(await sweepFinishedRuns(kernel), 1);
  await worker.release().catch(() => undefined);

  await retryRun(kernel, { runId, reason: "once more", by: "test" });
  await using other = await joinWorker(kernel);
  const second = await claimOne(kernel, other);
  await begin(kernel, second.owned, 1, { name: "notify" });
  await done(kernel, second.owned, 1);
  assert.deepEqual(await end(kernel, second.owned), { state: "done" });
});

test("judgePostconditions() asks nothing of a rehearsal, which performs no effects", async () => {
  await using test = await createTestKernel({ events });
  await using worker = await joinWorker(test.kernel);
  await startRun(test.kernel, { postconditions: [{ kind: "tool", name: "notify" }], isRehearsed: true });
  const { owned } = await claimOne(test.kernel, worker);
  assert.deepEqual(await end(test.kernel, owned), { state: "done" });
});

test("unmetPostconditions() counts for a fork what the steps that it takes over left behind, and nothing later", async () => {
  await using test = await createTestKernel({ events });
  const { kernel } = test;
  await using worker = await joinWorker(kernel);
  const postconditions: Postcondition[] = ["a.md", "b.md"].map((path) => ({ kind: "file", path }));
  await startRun(kernel, { postconditions });
  const original = await claimOne(kernel, worker);
  await begin(kernel, original.owned, 1);
  await writeFile(kernel, "a.md", original.id);
  await done(kernel, original.owned, 1);
  await begin(kernel, original.owned, 2);
  await writeFile(kernel, "b.md", original.id);
  await done(kernel, original.owned, 2);
  await end(kernel, original.owned);
  for (const [fromSeq, missing] of [
    [3, undefined],
    [2, ["the file b.md was not written"]],
    [1, ["the file a.md was not written", "the file b.md was not written"]],
  ] as const) {
    const { runId } = await forkRun(kernel, { runId: original.id, fromSeq, reason: "a test", by: "a test" });
    const fork = await claimOne(kernel, worker);
    assert.equal(fork.id, runId);
    await end(kernel, fork.owned);
    assert.deepEqual(await missingOf(kernel, runId), missing, `forked from step ${fromSeq}`);
  }
});

test("judgePostconditions() fails no run for want of an event that it has not seen", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel, { postconditions: [{ kind: "event", eventType: "notice.raised" }] });
  const { owned } = await claimOne(kernel, worker);
  await assert.rejects(
    hideEvent(opened, () => end(kernel, owned)),
    { code: "unavailable", message: /in favour of others 8 times/ },
  );
  assert.equal(await stateOf(kernel, runId), "running");
});

/** The head says that there is an event more than can be seen, as it does until a connection knows the event's segment. */
async function hideEvent<T>({ database }: TestKernel, work: () => Promise<T>): Promise<T> {
  const move = (by: number) =>
    database.query("update roost.partition_head set next_offset = next_offset + $1 where topic = 'notices'", [by]);
  await move(1);
  try {
    return await work();
  } finally {
    await move(-1);
  }
}
