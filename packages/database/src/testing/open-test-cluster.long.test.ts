import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

const modulePath = new URL("./open-test-cluster.ts", import.meta.url).href;

for (const signal of ["SIGKILL", "SIGTERM", undefined] as const) {
  test(`openTestCluster() removes server and directory when its process ends by ${signal ?? "itself"}`, async () => {
    const script = `
      import { openTestCluster } from ${JSON.stringify(modulePath)};
      console.log((await openTestCluster()).url);
      ${signal === undefined ? "" : "setInterval(() => undefined, 1000);"}`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(owner, "exit");
    let url = "";
    for await (const line of createInterface(owner.stdout)) {
      url = line;
      break;
    }
    const directory = dirname(dirname(new URL(url).searchParams.get("host") ?? ""));
    const removed = waitUntilRemoved(directory);
    if (signal !== undefined) owner.kill(signal);
    await ended;
    await removed;
  });
}

async function waitUntilRemoved(directory: string): Promise<void> {
  const changes = watch(dirname(directory));
  try {
    while (existsSync(directory)) await once(changes, "change");
  } finally {
    changes.close();
  }
  assert.equal(existsSync(directory), false);
}
