import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLogger, isProcessAlive } from "@roost/base";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { keepChild, type ChildFailure, type KeptChild } from "./keep-child.ts";
import type { ChildLimits } from "./spawn-child.ts";

const program = fileURLToPath(new URL("../testing/child-program.ts", import.meta.url));
const patient: ChildLimits = { pingEveryMs: 1_000, missedPingsMax: 60, readyMsMax: 60_000, graceMsMax: 60_000 };

/** A child under observation: each wait resolves with what happens next. */
async function keep(context: TestContext, order: string, limits: ChildLimits = patient) {
  const paths = await createTemporaryHome();
  const orderFile = join(paths.home, "worker-1.order");
  await writeFile(orderFile, order);
  const ready: (() => void)[] = [];
  const failed: ((failure: ChildFailure) => void)[] = [];
  const lines: string[] = [];
  const child: KeptChild = keepChild(
    {
      name: "worker-1",
      path: program,
      environment: () => ({
        ...process.env,
        ROOST_HOME: paths.home,
        ROOST_PROCESS: "worker-1",
        ROOST_DATABASE_URL: "db",
      }),
    },
    {
      nodePath: process.execPath,
      directory: paths.home,
      limits,
      logger: silentLogger,
      databaseUrl: async () => "db",
      writeLog: (line) => lines.push(line),
      onReady: () => ready.shift()?.(),
      onFailure: (failure) => failed.shift()?.(failure),
      onRequest: () => undefined,
      onChange: () => undefined,
    },
  );
  context.after(async () => {
    await child.kill();
    await paths[Symbol.asyncDispose]();
  });
  return {
    child,
    lines,
    order: (text: string) => writeFile(orderFile, text),
    obey: () => rm(orderFile),
    nextReady: () => new Promise<void>((resolve) => ready.push(resolve)),
    nextFailure: () => new Promise<ChildFailure>((resolve) => failed.push(resolve)),
  };
}

test("keepChild() starts a child again after kill -9, and counts failures in a row", async (context) => {
  const { child, nextReady, nextFailure } = await keep(context, "");
  await nextReady();
  const first = child.identity() as string;
  const next = Promise.all([nextFailure(), nextReady()]);
  process.kill(Number.parseInt(first, 10), "SIGKILL");
  const [failure] = await next;
  assert.equal(failure.reason, "SIGKILL");
  assert.deepEqual([failure.failuresInRow, failure.nextMs, failure.isLooping], [1, 100, false]);
  assert.notEqual(child.identity(), first);
  assert.ok(isProcessAlive(child.identity() as string));
});

test("keepChild() tells what a crashing child last said, and that it is looping after 5 times", async (context) => {
  const { nextFailure, obey, nextReady } = await keep(context, "crash");
  let failure = await nextFailure();
  assert.equal(failure.reason, "exit code 1");
  assert.match(failure.lastError ?? "", /out of birdseed/);
  while (!failure.isLooping) failure = await nextFailure();
  assert.equal(failure.failuresInRow, 5);
  const ready = nextReady();
  await obey();
  await ready;
});

test("keepChild() kills a child that does not answer", async (context) => {
  const { nextReady, nextFailure, obey } = await keep(context, "hang", {
    ...patient,
    pingEveryMs: 50,
    missedPingsMax: 10,
  });
  await nextReady();
  const failure = await nextFailure();
  assert.equal(failure.reason, "it did not answer for 500ms");
  const ready = nextReady();
  await obey();
  await ready;
});

test("keepChild() kills a child that never becomes ready", async (context) => {
  const { nextFailure } = await keep(context, "slow", { ...patient, readyMsMax: 1_500 });
  assert.equal((await nextFailure()).reason, "it was not ready after 1s");
});

test("KeptChild.stop() asks a child to end, and starts no other", async (context) => {
  const { child, nextReady } = await keep(context, "");
  await nextReady();
  const identity = child.identity() as string;
  await child.stop();
  assert.equal(isProcessAlive(identity), false);
  assert.equal(child.identity(), undefined);
});

test("KeptChild.stop() ends a child that does not want to", async (context) => {
  const { child, nextReady } = await keep(context, "stubborn", { ...patient, graceMsMax: 100 });
  await nextReady();
  const identity = child.identity() as string;
  await child.stop();
  assert.equal(isProcessAlive(identity), false);
});

test("KeptChild.kill() does not wait for the grace", async (context) => {
  const { child, nextReady } = await keep(context, "stubborn");
  await nextReady();
  const stopped = child.stop();
  await child.kill();
  await stopped;
  assert.equal(child.identity(), undefined);
});

test("KeptChild.restart() starts a new process at once and calls it no failure", async (context) => {
  const { child, nextReady, lines } = await keep(context, "");
  await nextReady();
  const first = child.identity();
  const ready = nextReady();
  child.restart();
  await ready;
  assert.notEqual(child.identity(), first);
  assert.equal(lines.filter((line) => line.includes("database db")).length, 2);
});
