import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { publishStream, watchStream, type StreamDelta } from "./streams.ts";

/** Texts until the delta of type "end". */
async function readToEnd(deltas: AsyncIterable<StreamDelta>): Promise<StreamDelta[]> {
  const seen: StreamDelta[] = [];
  for await (const delta of deltas) {
    if (delta.type === "end") return seen;
    seen.push(delta);
  }
  return seen;
}

const textOf = (deltas: StreamDelta[]) => deltas.map((delta) => delta["text"]).join("");

test("watchStream() shows what a run of another process says, in order, whatever its size", async () => {
  await using t = await createTestKernel({ events: [] });
  const another = await t.openAnother();
  const [{ name }] = (await t.database.query("select name from roost.stream_channel")) as [{ name: string }];
  assert.match(name, /^roost_stream_[0-9a-f]{32}$/, "by which no other role finds it");
  const watching = watchStream(another, "run");
  // A watcher listens before the first delta is asked for.
  const started = watching.next();
  const parts = Array.from({ length: 300 }, (_, n) => `${n} 🐦"\\\n\u0001 `.repeat(20));
  using ready = t.kernel.wakeups.watch("ready");
  const knock = async () => {
    // The watcher's first delta tells that it listens.
    for (;;) {
      publishStream(t.kernel, "run", { type: "knock" });
      another.wakeups.wake("ready");
      await ready.next({ timeoutMs: 600_000 });
      const settled = await Promise.race([
        started.then(() => true),
        new Promise((resolve) => setImmediate(() => resolve(false))),
      ]);
      if (settled) return;
    }
  };
  await knock();
  const rest = readToEnd(watching);
  for (const text of parts) publishStream(t.kernel, "run", { type: "text", step: "1", text });
  publishStream(t.kernel, "another run", { type: "text", step: "1", text: "not for you" });
  publishStream(t.kernel, "run", { type: "end" });
  const seen = (await rest).filter((delta) => delta.type !== "knock");
  assert.equal(textOf(seen), parts.join(""));
  assert.ok(seen.length < parts.length);
});

test("watchStream() within a process joins texts of one kind only, and repeats nothing", async () => {
  await using t = await createTestKernel({ events: [] });
  const watching = watchStream(t.kernel, "run");
  const first = watching.next();
  publishStream(t.kernel, "run", { type: "begin" });
  await first;
  const rest = readToEnd(watching);
  publishStream(t.kernel, "run", { type: "text", step: "1", text: "Hel" });
  publishStream(t.kernel, "run", { type: "text", step: "1", text: "lo" });
  publishStream(t.kernel, "run", { type: "reasoning", step: "1", text: "hm" });
  publishStream(t.kernel, "run", { type: "text", step: "2", text: "!" });
  publishStream(t.kernel, "run", { type: "tool_call", name: "x", input: { a: 1 } });
  publishStream(t.kernel, "run", { type: "end" });
  const seen = await rest;
  assert.deepEqual(seen, [
    { type: "text", step: "1", text: "Hello" },
    { type: "reasoning", step: "1", text: "hm" },
    { type: "text", step: "2", text: "!" },
    { type: "tool_call", name: "x", input: { a: 1 } },
  ]);
});

test("watchStream() drops the oldest for a watcher that does not keep up", async () => {
  await using t = await createTestKernel({ events: [] });
  const watching = watchStream(t.kernel, "run");
  const first = watching.next();
  publishStream(t.kernel, "run", { type: "begin" });
  await first;
  for (let n = 0; n < 5000; n += 1) publishStream(t.kernel, "run", { type: "tick", n });
  publishStream(t.kernel, "run", { type: "end" });
  const seen = await readToEnd(watching);
  assert.ok(seen.length < 1000);
  assert.deepEqual(seen.at(-1), { type: "tick", n: 4999 });
});

test("watchStream() ends with its signal", async () => {
  await using t = await createTestKernel({ events: [] });
  const controller = new AbortController();
  const watching = readToEnd(watchStream(t.kernel, "run", { signal: controller.signal }));
  controller.abort();
  assert.deepEqual(await watching, []);
});
