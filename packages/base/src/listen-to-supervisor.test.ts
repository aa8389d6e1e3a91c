import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const waitMsMax = 60_000;

test("a program that said it is ready leaves its compiled code although it is killed", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "roost-compiled-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = JSON.stringify(new URL("listen-to-supervisor.ts", import.meta.url).href);
  const child = spawn(process.execPath, ["-e", `import(${file}).then((it) => it.listenToSupervisor().ready({}))`], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { NODE_COMPILE_CACHE: directory },
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const [message] = await once(child, "message");
  assert.deepEqual(message, { type: "ready" });
  const [folder] = await readdir(directory);
  await untilFilled(join(directory, folder!));
  child.kill("SIGKILL");
  await ended;
});

async function untilFilled(directory: string): Promise<void> {
  const watching = new AbortController();
  const signal = AbortSignal.any([watching.signal, AbortSignal.timeout(waitMsMax)]);
  const changes = watch(directory, { signal })[Symbol.asyncIterator]();
  // It watches from here on.
  let changed = changes.next();
  while ((await readdir(directory)).length === 0) {
    await changed;
    changed = changes.next();
  }
  changed.catch(() => undefined);
  // A watcher keeps its process alive.
  watching.abort();
}
