import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { readProcessIdentity } from "@roost/base";
import { listenForStop, samePressMsMax } from "./listen-for-stop.ts";

test("listenForStop() takes one Ctrl-C for one, however often it arrives, and a second for force", () => {
  let nowMs = 1_000;
  using signals = listenForStop({ starters: [], nowMs: () => nowMs });
  process.emit("SIGINT");
  assert.equal(signals.stop.aborted, true);
  nowMs += samePressMsMax;
  process.emit("SIGINT");
  process.emit("SIGTERM");
  assert.equal(signals.force.aborted, false);
  nowMs += 1;
  process.emit("SIGINT");
  assert.equal(signals.force.aborted, true);
});

test("StopSignals ends listening when disposed", () => {
  const before = process.listenerCount("SIGTERM");
  {
    using signals = listenForStop({ starters: [readProcessIdentity(process.pid) as string] });
    assert.equal(process.listenerCount("SIGTERM"), before + 1);
    assert.equal(signals.stop.aborted, false);
  }
  assert.equal(process.listenerCount("SIGTERM"), before);
});

test("listenForStop() stops when a process that started this one is gone", async () => {
  const starter = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  using signals = listenForStop({ starters: [readProcessIdentity(starter.pid as number) as string] });
  const stopped = once(signals.stop, "abort");
  // The timer alone keeps no process alive.
  const alive = setInterval(() => undefined, 1_000);
  starter.kill("SIGKILL");
  await stopped;
  clearInterval(alive);
  assert.equal(signals.force.aborted, false);
});
