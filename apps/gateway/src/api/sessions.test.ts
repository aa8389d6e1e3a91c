import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestGateway } from "../testing/create-test-gateway.ts";

test("A conversation begins, is rewound, reset and summarised over the API, and a wrong name is answered with the nearest", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  const { session } = await client.createSession({ title: "Roses" });
  assert.deepEqual([session.title, session.messageCount], ["Roses", 0]);
  await assert.rejects(client.createSession({ sessionKey: session.key }), { code: "conflict" });
  await assert.rejects(client.rewindSession({ sessionKey: session.key }), { code: "invalid_input" });
  const again = await client.resetSession({ sessionKey: session.key });
  assert.equal(again.session.messageCount, 1);
  const { runId } = await client.compactSession({ sessionKey: session.key });
  await client.cancelRun({ runId });
  const sent = await client.sendMessage({ sessionKey: session.key, text: "Plant them" });
  await assert.rejects(client.rewindSession({ sessionKey: session.key }), { code: "conflict" });
  await client.cancelRun({ runId: sent.runId });
  const { fromSeq, messageCount } = await client.rewindSession({ sessionKey: session.key });
  assert.deepEqual([fromSeq, messageCount], [2, 1]);
  const typo = session.key.replace("talk", "tlak");
  for (const call of [client.getSession, client.resetSession, client.rewindSession, client.compactSession])
    await assert.rejects(call({ sessionKey: typo }), { code: "not_found", message: /did you mean talk-/ });
});
