import assert from "node:assert/strict";
import { test } from "node:test";
import { listenForStop, samePressMsMax } from "./listen-for-stop.ts";

test("listenForStop() takes one Ctrl-C for one, however often it arrives, and a second for force", () => {
  let nowMs = 1_000;
  using signals = listenForStop({ stopsWithParent: false, nowMs: () => nowMs });
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
    using signals = listenForStop({ stopsWithParent: true });
    assert.equal(process.listenerCount("SIGTERM"), before + 1);
    assert.equal(signals.stop.aborted, false);
  }
  assert.equal(process.listenerCount("SIGTERM"), before);
});
