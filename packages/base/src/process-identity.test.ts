import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isProcessAlive, readProcessIdentity } from "./process-identity.ts";

test("readProcessIdentity() stays the same while the process lives", () => {
  const identity = readProcessIdentity(process.pid);
  assert.ok(identity !== undefined && identity.startsWith(`${process.pid}-`));
  assert.equal(readProcessIdentity(process.pid), identity);
  assert.ok(isProcessAlive(identity));
});

test("isProcessAlive() takes another start under the same number for another process", () => {
  assert.equal(isProcessAlive(`${process.pid}-00000000.1`), false);
  assert.equal(isProcessAlive("nonsense"), false);
  assert.equal(isProcessAlive("-1-0"), false);
});

test("isProcessAlive() tells when a process has ended", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const identity = readProcessIdentity(child.pid as number);
  assert.ok(identity !== undefined && isProcessAlive(identity));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(isProcessAlive(identity), false);
  assert.equal(readProcessIdentity(child.pid as number), undefined);
});
