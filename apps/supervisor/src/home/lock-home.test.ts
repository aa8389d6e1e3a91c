import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RoostError, readProcessIdentity } from "@roost/base";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { lockHome } from "./lock-home.ts";

const program = fileURLToPath(new URL("../testing/lock-program.ts", import.meta.url));

function startRival(home: string): ChildProcess {
  return spawn(process.execPath, [program], {
    env: { ...process.env, ROOST_HOME: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function firstLine(rival: ChildProcess): Promise<string> {
  const [chunk] = (await once(rival.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return chunk.toString().trim();
}

test("lockHome() gives a home to one of many processes that want it at the same moment", async () => {
  await using paths = await createTemporaryHome();
  const rivals = Array.from({ length: 6 }, () => startRival(paths.home));
  const ends = rivals.map((rival) => once(rival, "exit"));
  const outcomes = await Promise.all(rivals.map(firstLine));
  assert.deepEqual(outcomes.toSorted(), ["conflict", "conflict", "conflict", "conflict", "conflict", "owned"]);
  for (const rival of rivals) rival.stdin?.end();
  await Promise.all(ends);
  assert.deepEqual(await readdir(paths.claims), []);
});

test("lockHome() takes over after kill -9", async () => {
  await using paths = await createTemporaryHome();
  const rival = startRival(paths.home);
  assert.equal(await firstLine(rival), "owned");
  await assert.rejects(lockHome(paths), { code: "conflict" });
  rival.kill("SIGKILL");
  await once(rival, "exit");
  await using lock = await lockHome(paths);
  assert.deepEqual(await readdir(paths.claims), [`${lock.identity}.claim`]);
});

test("lockHome() is not fooled by a claim whose process number has been given to another", async () => {
  await using paths = await createTemporaryHome();
  await mkdir(paths.claims, { recursive: true });
  // This very process lives under the number, but it did not start then.
  await writeFile(join(paths.claims, `${process.ppid}-00000000.1.claim`), "");
  await using lock = await lockHome(paths);
  assert.equal((await readdir(paths.claims)).length, 1);
  assert.ok(lock.identity);
});

test("lockHome() says which process owns the home, since when, where it answers and what to do", async () => {
  await using paths = await createTemporaryHome();
  const identity = readProcessIdentity(process.ppid) as string;
  await mkdir(paths.claims, { recursive: true });
  await writeFile(join(paths.claims, `${identity}.claim`), "");
  const owner = {
    pid: process.ppid,
    identity,
    startedAt: "2026-01-02T03:04:05.006Z",
    state: "running",
    url: "http://127.0.0.1:7717",
  };
  await writeFile(paths.owner, JSON.stringify(owner));
  const error = await lockHome(paths).then(
    () => assert.fail("it was refused"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RoostError && error.code === "conflict");
  assert.match(
    error.message,
    new RegExp(`owned by process ${process.ppid}, which started \\d+d.* ago, and answers at`),
  );
  assert.match(error.message, /answers at http:\/\/127\.0\.0\.1:7717.*roost down.*ROOST_HOME/);
});

test("lockHome() waits for an owner that is stopping, or soon will be, and owns the home when it has gone", async () => {
  for (const leaving of [{ state: "stopping" }, { state: "running", starters: ["1-gone"] }]) {
    await using paths = await createTemporaryHome();
    const rival = startRival(paths.home);
    assert.equal(await firstLine(rival), "owned");
    const identity = readProcessIdentity(rival.pid as number) as string;
    await writeFile(paths.owner, JSON.stringify({ pid: rival.pid, identity, startedAt: "", ...leaving }));
    let waitedFor = 0;
    await using lock = await lockHome(paths, {
      onWait: (owner) => {
        waitedFor = owner.pid;
        rival.stdin?.end();
      },
    });
    assert.equal(waitedFor, rival.pid);
    assert.ok(lock.identity);
  }
});
