import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openReplays } from "./open-replays.ts";

const program = fileURLToPath(new URL("../testing/endless-program.ts", import.meta.url));
const asked = { runId: "01a1ff4d-09c6-75ae-8e3c-f0b7d3ce7b7b" };

function open(options: { replayMsMax?: number } = {}) {
  const shutdown = new AbortController();
  const nowhere = { databaseUrl: "postgresql://127.0.0.1:9/none", homeDir: "/nowhere", environment: {} };
  const model = { provider: null, name: null };
  return { shutdown, ...openReplays({ ...nowhere, model, shutdown: shutdown.signal, program, ...options }) };
}

test("openReplays() ends a replay that does not come to an end, and is ready for the next", async () => {
  const { replay } = open({ replayMsMax: 200 });
  const { signal } = new AbortController();
  for (let time = 0; time < 2; time += 1)
    await assert.rejects(replay(asked, { signal }), { code: "timeout", message: /was ended after 200ms/ });
});

test("openReplays() lets two go on at a time, each until its caller leaves or the gateway stops", async () => {
  const { replay, shutdown } = open();
  const given = { code: "unavailable", message: /was cancelled/ };
  const leave = new AbortController();
  const { signal } = new AbortController();
  const first = assert.rejects(replay(asked, { signal: leave.signal }), given);
  const second = assert.rejects(replay(asked, { signal }), given);
  await assert.rejects(replay(asked, { signal }), { code: "limit_exceeded", message: /2 replays are running/ });
  leave.abort();
  await first;
  const third = assert.rejects(replay(asked, { signal }), given);
  shutdown.abort();
  await Promise.all([second, third]);
});
