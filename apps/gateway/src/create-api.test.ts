import assert from "node:assert/strict";
import { test } from "node:test";
import { beginStep, finishStep, consumeGroup, createGroup } from "@roost/kernel";
import { askEverything, askedByAll, recorded } from "./testing/ask-everything.ts";
import { createTestGateway, type TestGateway } from "./testing/create-test-gateway.ts";
import { claimOne, joinWorker, playRun, startRun } from "./testing/drive-runs.ts";

const job = { trigger: { kind: "every", every: "1h" }, prompt: "look" } as const;

test("createApi() serves every operation as its contract says", async () => {
  await using gateway = await createTestGateway({ files: { "memory/email-state.json": '{"unread":3}\n' } });
  const { client, answered } = recorded(gateway.client);
  await askEverything(gateway, client);
  assert.deepEqual([...answered].toSorted(), askedByAll.toSorted());
});

test("listRuns() and getRun() give every row once, page by page", async () => {
  await using gateway = await createTestGateway();
  const runIds: string[] = [];
  for (let count = 0; count < 5; count += 1) runIds.unshift(await startRun(gateway.kernel));
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await gateway.client.listRuns({ limit: 2, after });
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    after = page.next;
  }
  assert.deepEqual(seen, runIds);
  const runId = await playRunAlone(gateway);
  const steps: number[] = [];
  for (let after: string | undefined; ;) {
    const page = await gateway.client.getRun({ runId, limit: 2, after });
    steps.push(...page.steps.items.map(({ seq }) => seq));
    if (page.steps.next === null) break;
    after = page.steps.next;
  }
  assert.deepEqual(steps, [1, 2, 3, 4, 5]);
});

test("A call with an idempotency key is done once; a second one gets its answer, another input is refused", async () => {
  await using gateway = await createTestGateway();
  const ask = (text: string) =>
    gateway.ask("/api/v1/subjects", {
      method: "POST",
      body: JSON.stringify({ scope: "blog", text, by: "writer" }),
      headers: { "content-type": "application/json", "idempotency-key": "k1" },
    });
  const first = await ask("Why cats sleep");
  const again = await ask("Why cats sleep");
  assert.deepEqual(
    [first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")],
    [null, "true"],
  );
  assert.deepEqual(await again.json(), await first.json());
  assert.equal((await ask("Why dogs bark")).status, 409);
  assert.equal((await gateway.client.listSubjects()).items.length, 1);
});

test("A last page that is full is followed by none", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  for (let count = 0; count < 4; count += 1) await startRun(kernel);
  const first = await client.listRuns({ limit: 2 });
  const last = await client.listRuns({ limit: 2, after: first.next ?? "" });
  assert.deepEqual([first.items.length, last.items.length, last.next], [2, 2, null]);
  const runId = await playRunAlone(gateway);
  assert.equal((await client.getRun({ runId, limit: 5 })).steps.next, null);
  const { items: queues } = await client.listQueues();
  assert.equal((await client.listQueues({ limit: queues.length })).next, null);
  for (const name of ["one", "two"])
    await consumeGroup(
      kernel,
      createGroup(name, "stop", async () => {}),
      { topics: ["jobs"] },
    );
  const { items: groups } = await client.listGroups({ limit: 1 });
  const { items: others, next } = await client.listGroups({
    limit: 1,
    after: (await client.listGroups({ limit: 1 })).next ?? "",
  });
  assert.deepEqual([groups[0]?.name, others[0]?.name, next], ["one", "two", null]);
});

async function playRunAlone({ kernel, client }: TestGateway): Promise<string> {
  for (const { id } of (await client.listRuns()).items) await client.cancelRun({ runId: id });
  return playRun(kernel, 5);
}

test("listActivity() and explainRun() give every row once, although runs begin between two pages", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  for (const jobId of ["mop", "sweep"]) await client.defineJob({ jobId, ...job });
  const running = await startRun(kernel);
  const owned = await claimOne(kernel, worker);
  const before = [running, await startRun(kernel), await startRun(kernel)];
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await client.listActivity({ limit: 2, after });
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    after = page.next;
    await startRun(kernel);
  }
  assert.equal(new Set(seen).size, seen.length, "nothing twice");
  assert.deepEqual(
    [...before, "mop", "sweep"].filter((id) => !seen.includes(id)),
    [],
  );
  await assert.rejects(client.listActivity({ after: "2" }), { code: "invalid_input" });

  for (let seq = 1; seq <= 3; seq += 1) {
    await beginStep(kernel, owned, { seq, name: `s${seq}`, kind: "tool", effect: "readonly", input: {} });
    await finishStep(kernel, owned, { seq, state: "done", output: 1 });
  }
  const whole = await client.explainRun({ runId: running });
  const effects: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await client.explainRun({ runId: running, limit: 1, after });
    effects.push(...page.effects.items.map(({ eventId }) => eventId));
    assert.equal(page.isCut, page.effects.next !== null);
    if (page.effects.next === null) break;
    after = page.effects.next;
  }
  assert.deepEqual(
    effects,
    whole.effects.items.map(({ eventId }) => eventId),
  );
  assert.ok(effects.length >= 4);
});

test("createApi() answers ids and cursors that are none with what they are", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  const odd = ["x", "0", "../..", "\u0000", "1e9", "-1", "ü".repeat(100), "x".repeat(200)];
  for (const id of odd) {
    const calls: Record<string, () => Promise<unknown>> = {
      getRun: () => client.getRun({ runId: id }),
      cancelRun: () => client.cancelRun({ runId: id }),
      replayRun: () => client.replayRun({ runId: id }),
      retryRun: () => client.retryRun({ runId: id }),
      explainRun: () => client.explainRun({ runId: id }),
      answerQuestion: () => client.answerQuestion({ questionId: id, answer: "yes" }),
      releaseSubject: () => client.releaseSubject({ subjectId: id }),
      getState: () => client.getState({ name: id }),
      getSession: () => client.getSession({ sessionKey: id }),
      listRuns: () => client.listRuns({ after: id }),
      listSubjects: () => client.listSubjects({ after: id }),
      listQuestions: () => client.listQuestions({ after: id }),
      listNotices: () => client.listNotices({ after: id }),
      listTicks: () => client.listTicks({ jobId: "j", after: id }),
      sendMessage: () => client.sendMessage({ sessionKey: "main", text: "x", idempotencyKey: id }),
      acquireLock: () => client.acquireLock({ name: id, holder: id }),
      beginOnce: () => client.beginOnce({ scope: id, key: id, holder: id }),
      reserveSubject: () => client.reserveSubject({ scope: id, text: id, by: id }),
      defineJob: () => client.defineJob({ jobId: "j", ...job, prompt: id, title: id }),
      readEvents: () => client.readEvents({ topic: id }),
      listJobs: () => client.listJobs({ after: id }),
      listTopics: () => client.listTopics({ after: id }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const code = await call().then(
        () => "ok",
        (error: { code?: string }) => error.code,
      );
      assert.ok(
        ["ok", "not_found", "invalid_input", "conflict"].includes(code ?? ""),
        `${name}(${id.slice(0, 9)}): ${code}`,
      );
    }
  }
});
