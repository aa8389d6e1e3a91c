// Workers as real processes: they are killed and stopped, and what they had begun is brought to its end by another without being
// repeated. main.long.test.ts has further ends.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { listSteps, readTopic } from "@roost/kernel";
import { ended, handsBack, openHouse } from "./testing/open-house.ts";
import { startWorkerProcess } from "./testing/start-worker-process.ts";

/** Takes what it is sent and answers nothing. */
async function startSilentServer() {
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => responses.push(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/`,
    responses,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a worker that is killed in the middle of a tool call is followed by another that repeats nothing", async () => {
  await using outside = await startSilentServer();
  await using house = await openHouse(`http:\n  allow: ["${outside.host}"]\n`);
  const calls = [
    { name: "write_file", arguments: { path: "post.md", text: "the post" } },
    { name: "http_send", arguments: { url: outside.url, body: "{}" } },
  ];
  house.model.setScript(({ messages, toolResults }) => {
    const next = calls[messages.filter(({ role }) => role === "assistant").length];
    return next === undefined ? `The tool said: ${toolResults.at(-1)?.text}` : { toolCalls: [next] };
  });
  // With a lease of its usual length: one that ends before the call is sent would leave the call unsent. Of the dead, the connection tells.
  const first = await house.start();
  const runId = await house.ask("Post it");
  await until("the call is taken", async () => outside.responses.length === 1);
  first.kill("SIGKILL");
  await first.ended;
  await house.start();
  const run = await ended(house, runId);
  assert.match((run.output as { text: string }).text, /The tool said: Outcome unknown/);
  assert.equal(outside.responses.length, 1);
  const { events } = await readTopic(house.kernel.database, { topic: "home", limit: 100, types: ["file.written"] });
  assert.equal(events.length, 1);
  const steps = await listSteps(house.kernel.database, runId);
  assert.deepEqual(
    steps.map(({ name, state }) => `${name} ${state}`),
    [
      "context#1 done",
      "model#1 done",
      "tool:write_file#1 done",
      "model#2 done",
      "tool:http_send#2 unknown",
      "model#3 done",
    ],
  );
});

test("a worker that is asked to stop hands back what it has not finished and ends", () =>
  handsBack((worker) => worker.kill("SIGTERM")));

test("a worker that is started without a database says what to do and ends", async () => {
  await assert.rejects(
    startWorkerProcess({ databaseUrl: "", homeDir: tmpdir(), modelUrl: "http://127.0.0.1:1/v1" }),
    /ended with \d+ .*No database is given.*DATABASE_URL/s,
  );
});
