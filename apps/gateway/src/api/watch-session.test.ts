import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { createToken } from "@roost/access";
import { finishRun, getRun, publishStream } from "@roost/kernel";
import { appendReply } from "@roost/memory";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, doStep, joinWorker } from "../testing/drive-runs.ts";

test("watchSession() tells what is said, what its run does, what its model writes, and that it is over", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  const { runId } = await client.sendMessage({ sessionKey: "main", text: "hello" });
  const owned = await claimOne(kernel, worker);
  // Who comes in the middle of a run hears the rest of it.
  const leaving = new AbortController();
  const kinds: string[] = [];
  const streamOf = client.watchSession({ sessionKey: "main", last: 1 }, { signal: leaving.signal });
  const stream = streamOf[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await stream.next();
    kinds.push(value.data.kind === "event" ? value.data.event.type : value.data.kind);
    return value;
  };
  await next();
  const text = next();
  await until(() => gateway.held().texts === 1);
  publishStream(kernel, runId, { type: "text", text: "Hi" });
  await text;
  await doStep(kernel, owned, 1);
  const run = await getRun(kernel.database, runId);
  await finishRun(
    kernel,
    owned,
    { state: "done", output: { text: "Hi" } },
    {
      alongside: (tx) =>
        appendReply(tx, { run, text: "Hi", messages: [{ role: "assistant", text: "Hi", provider: "p", model: "m" }] }),
    },
  );
  const ids: (string | undefined)[] = [];
  while (!kinds.includes("over") || kinds.filter((kind) => kind === "message").length < 2) ids.push((await next()).id);
  assert.deepEqual(kinds.slice(0, 3), ["message", "text", "step.done"]);
  assert.deepEqual(kinds.slice(3).toSorted(), ["message", "over", "run.done"]);

  leaving.abort();
  await assert.rejects(stream.next());
  await until(() => gateway.held().watches === 0 && gateway.held().texts === 0);

  // Who comes back is told what came meanwhile.
  const after = ids.findLast((id) => id !== undefined);
  assert.ok(after);
  const sent = await client.sendMessage({ sessionKey: "main", text: "again" });
  await client.sendMessage({ sessionKey: "other", text: "not this" });
  const restOf = client.watchSession({ sessionKey: "main", after });
  const rest = restOf[Symbol.asyncIterator]();
  const told = (await rest.next()).value;
  assert.equal(told?.data.kind === "message" && told.data.message.id, sent.messageId);
  const created = (await rest.next()).value;
  assert.equal(created?.data.kind === "event" && created.data.event.subject, sent.runId);
  await rest.return?.();

  // A place that the log does not have would be waited for in silence.
  const lost = [
    client.watchSession({ sessionKey: "main", after: "sessions/0:999999999" }),
    client.watchRun({ runId, after: "runs/0:999999999" }),
  ];
  for (const stream of lost)
    await assert.rejects(stream[Symbol.asyncIterator]().next(), { code: "not_found", message: /out of range/ });
});

test("watchHome() tells every event, and what models write in the sessions that are asked for, over one stream", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  const start = async (sessionKey: string) => {
    const { runId } = await client.sendMessage({ sessionKey, text: `hello ${sessionKey}` });
    return { runId, owned: await claimOne(kernel, worker) };
  };
  const before = await start("talk-before");
  const leaving = new AbortController();
  const sessions = ["talk-before", "talk-after"];
  const stream = client.watchHome({ sessions }, { signal: leaving.signal })[Symbol.asyncIterator]();
  const seen: string[] = [];
  let after: string | undefined;
  const read = async (isLast: (text: string) => boolean) => {
    while (!isLast(seen.at(-1) ?? "")) {
      const { id, data } = (await stream.next()).value;
      after = id ?? after;
      seen.push(
        data.kind === "event" ? data.event.type : `${"sessionKey" in data ? data.sessionKey : data.step}: ${data.text}`,
      );
    }
  };
  const first = read((text) => text === "talk-before: One");
  await until(() => gateway.held().texts === 1);
  publishStream(kernel, before.runId, { type: "text", text: "One" });
  await first;
  const other = await start("talk-other");
  const later = await start("talk-after");
  const second = read((text) => text === "talk-after: Two");
  await until(() => gateway.held().texts === 2);
  publishStream(kernel, other.runId, { type: "text", text: "not asked for" });
  publishStream(kernel, later.runId, { type: "text", text: "Two" });
  await second;
  await finishRun(kernel, later.owned, { state: "done", output: { text: "Two" } });
  await read((text) => text === "run.done");
  await until(() => gateway.held().texts === 1);
  assert.ok(!seen.some((text) => text.includes("not asked for")));
  leaving.abort();
  await assert.rejects(stream.next());
  await until(() => gateway.held().watches === 0 && gateway.held().texts === 0);
  await finishRun(kernel, other.owned, { state: "done", output: { text: "" } });
  const rest = client.watchHome({ after })[Symbol.asyncIterator]();
  const { data } = (await rest.next()).value;
  assert.equal(data.kind === "event" && data.event.subject, other.runId, "it goes on where it was");
  await rest.return?.();
});

test("watchHome() tells what the programs of the runs that are asked for print, and not what their models write", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  const leaving = new AbortController();
  const shown = crypto.randomUUID();
  const stream = client.watchHome({ runs: [shown] }, { signal: leaving.signal })[Symbol.asyncIterator]();
  const printed = stream.next();
  await until(() => gateway.held().texts === 1);
  const output = { type: "tool_output", step: "tool:exec#1", toolCallId: "1" };
  publishStream(kernel, crypto.randomUUID(), { ...output, text: "of another" });
  publishStream(kernel, shown, { type: "text", text: "I look" });
  publishStream(kernel, shown, { ...output, text: "1 of 9\n" });
  assert.deepEqual((await printed).value.data, { kind: "output", runId: shown, step: "tool:exec#1", text: "1 of 9\n" });
  leaving.abort();
  await assert.rejects(stream.next());
  await until(() => gateway.held().texts === 0);
});

test("watchHome() brings texts of sessions only to who may watch sessions, and output of runs to who may watch runs", async () => {
  await using gateway = await createTestGateway();
  const made = await createToken(gateway.kernel, {
    name: "script",
    kind: "script",
    scopes: ["events:read"],
    by: "person:owner",
  });
  const script = gateway.clientWith(made.text);
  const texts = script.watchHome({ sessions: ["main"], after: "" })[Symbol.asyncIterator]();
  await assert.rejects(texts.next(), { code: "forbidden" });
  const output = script.watchHome({ runs: [crypto.randomUUID()], after: "" })[Symbol.asyncIterator]();
  await assert.rejects(output.next(), { code: "forbidden" });
  const events = script.watchHome({ after: "" })[Symbol.asyncIterator]();
  assert.equal((await events.next()).value.data.kind, "event");
  await events.return?.();
});
