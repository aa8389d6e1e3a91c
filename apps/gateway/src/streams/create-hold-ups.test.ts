import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { answerQuestion, waitInRun, type WorkerRegistration } from "@roost/kernel";
import { createTestGateway, type TestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";
import { createHoldUps } from "./create-hold-ups.ts";

/** Main works; then it delegates something that asks for an approval, and is asked something else meanwhile. */
async function begin({ client, kernel }: TestGateway, worker: WorkerRegistration) {
  const { runId } = await client.sendMessage({ sessionKey: "main", text: "Write to Ada" });
  const main = await claimOne(kernel, worker);
  const delegate = async () => {
    const childId = await startRun(kernel, { parent: { ...main, seq: 1 }, agent: "clerk" });
    await waitInRun(kernel, main, { seq: 2, wait: { kind: "child", runId: childId } });
    const child = await claimOne(kernel, worker);
    const second = await client.sendMessage({ sessionKey: "main", text: "And the weather?" });
    return {
      second: second.runId,
      async ask() {
        const question = { prompt: "May it send the mail?", kind: "approval" } as const;
        const asked = await waitInRun(kernel, child, { seq: 1, wait: { kind: "person", question } });
        assert.ok(asked.state === "waiting");
        return asked.questionId!;
      },
    };
  };
  return { first: runId, delegate };
}

const ofFirst = "Held up by an approval of what it has delegated: answer it in the inbox (roost inbox)";
const ofSecond = "Held up by an approval of the turn before it: answer it in the inbox (roost inbox)";

test("An approval that holds up a turn and who is queued behind it is told where both are watched, and in the list of what goes on", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  await using worker = await joinWorker(kernel);
  const { first, delegate } = await begin(gateway, worker);
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const told = new Map<string, [runId: string, text: string][]>();
  const hear = async (name: string, stream: AsyncIterable<{ data: { kind: string } }>) => {
    told.set(name, []);
    for await (const { data } of stream) {
      if (data.kind !== "remark") continue;
      const { runId, text } = data as unknown as { runId: string; text: string };
      told.get(name)!.push([runId, text]);
    }
  };
  const hearMain = (when: string) => [
    hear(`the first run, ${when}`, client.watchRun({ runId: first }, options)),
    hear(`the session, ${when}`, client.watchSession({ sessionKey: "main" }, options)),
    hear(`the home, ${when}`, client.watchHome({ sessions: ["main"] }, options)),
  ];
  const hearing = hearMain("before");
  await until(() => gateway.held().texts === hearing.length);
  const { second, ask } = await delegate();
  const waits = async () => {
    const { items } = await client.listActivity();
    return [first, second].map((runId) => items.find(({ id }) => id === runId)?.waitingFor);
  };
  assert.deepEqual(await waits(), ["a run it started", "1 before it"]);
  hearing.push(...hearMain("after"), hear("the second run", client.watchRun({ runId: second }, options)));
  const questionId = await ask();
  const both = [
    [first, ofFirst],
    [second, ofSecond],
  ] as const;
  const expected = {
    "the first run, before": [both[0]],
    "the session, before": both,
    "the home, before": both,
    "the first run, after": [both[0]],
    "the session, after": both,
    "the home, after": both,
    "the second run": [both[1]],
  };
  await until(() => Object.entries(expected).every(([name, { length }]) => told.get(name)!.length >= length));
  const inOrder = [...told].map(([name, remarks]) => [name, remarks.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  assert.deepEqual(Object.fromEntries(inOrder), expected);
  assert.deepEqual(await waits(), ["a run it started, held up by an approval", "1 before it, held up by an approval"]);
  await answerQuestion(kernel, { questionId, answer: "approve", by: "test" });
  assert.deepEqual(await waits(), ["a run it started", "1 before it"]);
  leaving.abort();
  await Promise.allSettled(hearing);
});

test("One look asks for all runs of a stream, and a run that is added while another look ends is looked at again", async () => {
  const asked: string[][] = [];
  const answers: ((rows: object[]) => void)[] = [];
  const query = async (_text: string, [runIds]: unknown[] = []) => {
    asked.push(runIds as string[]);
    return await new Promise<object[]>((resolve) => answers.push(resolve));
  };
  const leaving = new AbortController();
  const watch = { next: async () => "woken", [Symbol.dispose]() {} };
  const kernel = { database: { query }, wakeups: { watch: () => watch } } as unknown as TestGateway["kernel"];
  const { look, follow } = createHoldUps(kernel, leaving.signal);
  const held = (runId: string) => ({ runId, isBehind: true, question: "approval" });
  for (const runId of ["a", "b", "c"]) look(runId);
  const items = follow();
  const heard = items.next();
  await until(() => asked.length === 1);
  look("c");
  answers[0]!([held("a")]);
  assert.deepEqual(await heard, { done: false, value: { kind: "remark", text: ofSecond, runId: "a" } });
  const next = items.next();
  await until(() => asked.length === 2);
  answers[1]!([held("a"), held("c")]);
  assert.deepEqual(await next, { done: false, value: { kind: "remark", text: ofSecond, runId: "c" } });
  assert.deepEqual(asked, [
    ["a", "b", "c"],
    ["a", "c"],
  ]);
  leaving.abort();
  assert.deepEqual(await items.next(), { done: true, value: undefined });
});
