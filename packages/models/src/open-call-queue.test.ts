import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "@roost/kernel/testing";
import { openCallQueue } from "./open-call-queue.ts";

const live = new AbortController().signal;

/** Enters, and says when it is in; `waits` resolves when it waits, and rejects when it is in without having waited. */
function enter(queue: ReturnType<typeof openCallQueue>, server: string, signal = live) {
  const waiting = Promise.withResolvers<void>();
  const entered = queue.enter(server, { signal, onWait: waiting.resolve });
  const atOnce = entered.then(() => {
    throw new Error("it entered without waiting");
  });
  atOnce.catch(() => undefined);
  return { entered, waits: () => Promise.race([waiting.promise, atOnce]) };
}

test("openCallQueue() lets one call at a time to a server, over all processes, and others to other servers", async () => {
  await using opened = await createTestKernel();
  const here = openCallQueue(opened.kernel);
  const elsewhere = openCallQueue(await opened.openAnother());
  const order: string[] = [];
  const first = await enter(here, "a").entered;
  const second = enter(elsewhere, "a");
  await second.waits();
  const third = enter(elsewhere, "a");
  await third.waits();
  await (await enter(here, "b").entered)[Symbol.asyncDispose]();
  const whenIn = (name: string, entered: Promise<AsyncDisposable>) =>
    entered.then(async (turn) => {
      order.push(name);
      await turn[Symbol.asyncDispose]();
    });
  const later = [whenIn("second", second.entered), whenIn("third", third.entered)];
  order.push("first");
  await first[Symbol.asyncDispose]();
  await Promise.all(later);
  assert.deepEqual(order, ["first", "second", "third"]);
});

test("openCallQueue() lets the next call in when one that waits is cancelled, or a process that has the turn dies", async () => {
  await using opened = await createTestKernel();
  const here = openCallQueue(opened.kernel);
  const elsewhere = openCallQueue(await opened.openAnother());
  await using _first = await enter(here, "a").entered;
  const gone = [new AbortController(), new AbortController()];
  const behind = enter(here, "a", gone[0]!.signal);
  const across = enter(elsewhere, "a", gone[1]!.signal);
  await Promise.all([behind.waits(), across.waits()]);
  for (const each of gone) each.abort(new Error("cancelled"));
  await assert.rejects(behind.entered, /cancelled/);
  await assert.rejects(across.entered, /cancelled/);
  const next = enter(elsewhere, "a");
  await next.waits();
  await opened.database.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and objsubid = 1
       and database = (select oid from pg_database where datname = current_database())
       and (classid::bigint << 32 | objid::bigint) = hashtextextended('roost.turn:model server a', 0)`,
  );
  await (await next.entered)[Symbol.asyncDispose]();
});
