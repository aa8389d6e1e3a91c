import assert from "node:assert/strict";
import { test } from "node:test";
import { answerQuestion, waitInRun, type WorkerRegistration } from "@roost/kernel";
import { createTestGateway, type TestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";

/** Main has delegated something that asks for an approval, and is asked something else meanwhile. */
async function delegate({ client, kernel }: TestGateway, worker: WorkerRegistration) {
  const first = await client.sendMessage({ sessionKey: "main", text: "Write to Ada" });
  const main = await claimOne(kernel, worker);
  const childId = await startRun(kernel, { parent: { ...main, seq: 1 }, agent: "clerk" });
  await waitInRun(kernel, main, { seq: 2, wait: { kind: "child", runId: childId } });
  const child = await claimOne(kernel, worker);
  const second = await client.sendMessage({ sessionKey: "main", text: "And the weather?" });
  return {
    first: first.runId,
    second: second.runId,
    async ask() {
      const question = { prompt: "May it send the mail?", kind: "approval" } as const;
      const asked = await waitInRun(kernel, child, { seq: 1, wait: { kind: "person", question } });
      assert.ok(asked.state === "waiting");
      return asked.questionId!;
    },
  };
}

const ofFirst = "Held up by an approval of what it has delegated: answer it in the inbox (roost inbox)";
const ofSecond = "Held up by an approval of the turn before it: answer it in the inbox (roost inbox)";

test("An approval that holds up a turn and who is queued behind it is told where both are watched, and in the list of what goes on", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  await using worker = await joinWorker(kernel);
  const { first, second, ask } = await delegate(gateway, worker);
  const waits = async () => {
    const { items } = await client.listActivity();
    return [first, second].map((runId) => items.find(({ id }) => id === runId)?.waitingFor);
  };
  assert.deepEqual(await waits(), ["a run it started", "1 before it"]);
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const told = new Map<string, string[]>();
  const both = Promise.withResolvers<void>();
  const hear = async (stream: AsyncIterable<{ data: { kind: string } }>) => {
    for await (const { data } of stream) {
      if (data.kind !== "remark") continue;
      const { runId, text } = data as unknown as { runId: string; text: string };
      told.set(runId, [...(told.get(runId) ?? []), text]);
      if ([...told.values()].flat().length === 6) both.resolve();
    }
  };
  const hearing = [
    hear(client.watchRun({ runId: first }, options)),
    hear(client.watchRun({ runId: second }, options)),
    hear(client.watchSession({ sessionKey: "main" }, options)),
    hear(client.watchHome({ sessions: ["main"] }, options)),
  ];
  const questionId = await ask();
  await both.promise;
  assert.deepEqual(Object.fromEntries(told), {
    [first]: [ofFirst, ofFirst, ofFirst],
    [second]: [ofSecond, ofSecond, ofSecond],
  });
  assert.deepEqual(await waits(), ["a run it started, held up by an approval", "1 before it, held up by an approval"]);
  await answerQuestion(kernel, { questionId, answer: "approve", by: "test" });
  assert.deepEqual(await waits(), ["a run it started", "1 before it"]);
  leaving.abort();
  await Promise.allSettled(hearing);
});
