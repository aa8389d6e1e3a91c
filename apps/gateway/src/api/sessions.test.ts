import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "@roost/memory";
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

test("A key without the scope main finds, reads, writes and follows no session of the person, and those of jobs and channels as before", async () => {
  await using gateway = await createTestGateway();
  const { client, clientWith, memory } = gateway;
  await client.sendMessage({ sessionKey: "main", text: "The safe is behind the picture" });
  await createSession(memory, { key: "channel:telegram/7" });
  const keyOf = async (name: string, scopes: string[]) => clientWith((await client.createToken({ name, scopes })).text);
  const stranger = await keyOf("stranger", ["sessions:*", "events:read"]);
  const keysOf = async (kind?: "main") => (await stranger.listSessions({ kind })).items.map(({ key }) => key);
  assert.deepEqual([await keysOf(), await keysOf("main")], [["channel:telegram/7"], []]);
  assert.equal((await stranger.getSession({ sessionKey: "channel:telegram/7" })).session.kind, "channel");
  const streams = AbortSignal.timeout(120_000);
  const firstOf = async (items: AsyncIterable<unknown>) => {
    for await (const item of items) return item;
    return undefined;
  };
  for (const sessionKey of ["main", "talk-1", "heartbeat:main", "subagent:1"]) {
    const given = { sessionKey };
    for (const call of [
      () => stranger.getSession(given),
      () => stranger.createSession(given),
      () => stranger.resetSession(given),
      () => stranger.rewindSession(given),
      () => stranger.compactSession(given),
      () => stranger.sendMessage({ ...given, text: "Where is the safe?" }),
      () => firstOf(stranger.watchSession({ ...given, last: 1 }, { signal: streams })),
      () => firstOf(stranger.watchHome({ sessions: [sessionKey], after: "" }, { signal: streams })),
    ])
      await assert.rejects(
        call(),
        { code: "forbidden", message: /lacks the scope main/ },
        `${sessionKey} ${call.toString()}`,
      );
  }
  await assert.rejects(stranger.createSession({ title: "A new one" }), { code: "forbidden" });
  const planner = await keyOf("planner", ["jobs:*"]);
  const job = { prompt: "Say where the safe is", trigger: { kind: "manual" as const } };
  for (const session of ["main", "heartbeat"] as const) {
    const wanted = { jobId: "spy", ...job, session };
    await assert.rejects(planner.defineJob(wanted), { code: "forbidden", message: /lacks the scope main/ }, session);
    const { jobId: id, ...definition } = wanted;
    await assert.rejects(planner.applyJobs({ source: "x", jobs: [{ id, ...definition }] }), { code: "forbidden" });
  }
  await planner.defineJob({ jobId: "spy", ...job });
  await client.defineJob({ jobId: "letter", ...job, session: "main" });
  await client.defineJob({ jobId: "letter", ...job });
  await assert.rejects(planner.rollBackJob({ jobId: "letter", version: 1 }), { code: "forbidden" });
  const made = await client.createToken({ name: "knower", kind: "device", scopes: ["recall:read"] });
  const recalled = async (by: typeof client, kinds?: ["conversation"]) =>
    (await by.recall({ query: "Where is the safe?", kinds })).lines.map(({ kind }) => kind);
  assert.deepEqual(await recalled(client), ["conversation"]);
  for (const kinds of [undefined, ["conversation"] as ["conversation"]])
    assert.deepEqual(await recalled(clientWith(made.text), kinds), [], "what was said takes the scope main");
  const friend = await keyOf("friend", ["sessions:read", "main"]);
  assert.deepEqual(
    (await friend.listSessions({ kind: "main" })).items.map(({ key }) => key),
    ["main"],
  );
  assert.equal((await friend.getSession({ sessionKey: "main" })).messages.items.length, 1);
});
