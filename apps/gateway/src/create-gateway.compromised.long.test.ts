/** What a run can do with its token at every door of the gateway, if a program of its agent ever came by it: nothing that a person decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { roostContract } from "@roost/contract/roost";
import { claimOne, joinWorker, startRun } from "./testing/drive-runs.ts";
import { openServices, signRunToken } from "@roost/service";
import { createTestGateway } from "./testing/create-test-gateway.ts";

/** Coordination between programs, and parts that the run may know. */
const open = [
  "acquireLock",
  "beginOnce",
  "failOnce",
  "finishOnce",
  "getPart",
  "listLocks",
  "listOnce",
  "listSubjects",
  "releaseLock",
  "releaseSubject",
  "renewLock",
  "renewOnce",
  "reserveSubject",
];

test("a run's token opens coordination alone: no code, key, webhook, file, job, approval or grant, by no door", async () => {
  await using gateway = await createTestGateway();
  const { kernel } = gateway;
  const { signer } = await openServices({ kernel, kind: "worker", name: "w" });
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { agent: "clerk" });
  const token = await signRunToken(signer, await claimOne(kernel, worker));
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const statusOf = async (method: string, path: string, body?: object) => {
    const response = await gateway.ask(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    await response.body?.cancel();
    return response.status;
  };
  const reached: string[] = [];
  for (const { id, method, path } of roostContract.operations) {
    const filled = path.replaceAll(/\{\w+\}/g, "0199c8a0-0000-7000-8000-000000000001");
    const hasBody = method !== "GET" && method !== "DELETE";
    const status = await statusOf(method, `/api/v1${filled}`, hasBody ? {} : undefined);
    if (status !== 403) reached.push(id);
  }
  assert.deepEqual(reached.toSorted(), open);
  const answer = `mutation { answerQuestion(questionId: "0199c8a0-0000-7000-8000-000000000001", answer: "approve") { id } }`;
  const graphql = await gateway.ask("/graphql", { method: "POST", headers, body: JSON.stringify({ query: answer }) });
  assert.match(await graphql.text(), /"errors"/);
  const call = (name: string) => ({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: { questionId: "x", answer: "approve", name: "answerQuestion" } },
  });
  for (const name of ["roost_answerQuestion", "answerQuestion", "call_tool"]) {
    const accept = "application/json, text/event-stream";
    const asked = { method: "POST", headers: { ...headers, accept }, body: JSON.stringify(call(name)) };
    const said = await (await gateway.ask("/mcp", asked)).text();
    assert.match(said, /error|forbidden|unauthenticated/i, name);
    assert.doesNotMatch(said, /"state":"answered"/);
  }
  assert.ok((await statusOf("GET", "/v1/models")) >= 400, "its models");
  for (const path of ["/v1/chat/completions", "/v1/responses"])
    assert.ok((await statusOf("POST", path, { model: "roost/main" })) >= 400, path);
  for (const path of ["/pair", "/session"])
    assert.ok((await statusOf("POST", path, { code: "000000", token, name: "evil" })) >= 400, path);
});
