/** Webhooks of other programs over real HTTP: signed by the library of Standard Webhooks and as GitHub signs. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createJobLoops } from "@roost/jobs";
import { getRun, listRuns, readTopic } from "@roost/kernel";
import { Webhook } from "standardwebhooks";
import { createTestGateway, type TestGateway } from "./testing/create-test-gateway.ts";

let gateway: TestGateway;
before(async () => {
  gateway = await createTestGateway();
});
after(() => gateway[Symbol.asyncDispose]());

interface Sent {
  id?: string;
  at?: Date;
  body?: string;
  signedBody?: string;
  headers?: Record<string, string>;
}

/** Signed by the library of the rules themselves. */
function send(name: string, key: string, sent: Sent = {}): Promise<Response> {
  const { id = crypto.randomUUID(), at = new Date(gateway.kernel.clock.nowMs()), body = '{"sold":"tent"}' } = sent;
  return fetch(`${gateway.url}/hooks/${name}`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(key).sign(id, at, sent.signedBody ?? body),
      ...sent.headers,
    },
  });
}

function sendAsGithub(
  name: string,
  key: string,
  { id = crypto.randomUUID(), body = '{"ref":"main"}', headers: more }: Sent = {},
) {
  const signature = `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
  const headers = { "content-type": "application/json", "x-github-event": "push", "x-github-delivery": id };
  return fetch(`${gateway.url}/hooks/${name}`, {
    method: "POST",
    body,
    headers: { ...headers, "x-hub-signature-256": signature, ...more },
  });
}

async function received() {
  const { events } = await readTopic(gateway.kernel.database, { topic: "webhooks", limit: 500 });
  return events;
}

const add = async (name: string, form: "standard" | "github" = "standard") =>
  (await gateway.client.addHook({ name, form })).key!;

test("serveHooks() makes one event of a delivery, however often it is sent, marked as from outside", async () => {
  const key = await add("shop");
  const id = "msg_1";
  const answers = await Promise.all([1, 2, 3].map(() => send("shop", key, { id })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 202, 202],
  );
  const told = (await Promise.all(answers.map((each) => each.json()))) as { eventId: string; isRepeated: boolean }[];
  assert.equal(told.filter(({ isRepeated }) => !isRepeated).length, 1);
  const events = (await received()).filter(({ subject }) => subject === "shop");
  assert.deepEqual(
    events.map(({ type, data, labels }) => ({ type, data, labels })),
    [
      {
        type: "webhook.received",
        data: { hook: "shop", deliveryId: id, payload: { sold: "tent" } },
        labels: ["src:webhook:shop", "trust:untrusted"],
      },
    ],
  );
  assert.equal(events[0]?.id, told[0]?.eventId);
  const [listed] = (await gateway.client.listHooks({})).items;
  assert.deepEqual([listed?.path, listed?.receivedCount], ["/hooks/shop", 1]);
});

test("serveHooks() refuses what is not signed with the key, too old, too new or changed, in the same words", async () => {
  const key = await add("strict");
  const other = await add("other");
  const nowMs = gateway.kernel.clock.nowMs();
  const cases: [Promise<Response>, number][] = [
    [send("strict", other), 401],
    [send("nobody", key), 401],
    [send("strict", key, { at: new Date(nowMs - 301_000) }), 401],
    // Newer than allowed for a minute more, however long the calls take.
    [send("strict", key, { at: new Date(nowMs + 360_000) }), 401],
    [send("strict", key, { signedBody: '{"sold":"car"}' }), 401],
    [send("strict", key, { headers: { "webhook-id": "another" } }), 401],
    [send("strict", key, { headers: { "webhook-signature": "v1,AAAA" } }), 401],
    [send("strict", key, { headers: { "webhook-signature": `v1,${"é".repeat(44)}` } }), 401],
    [send("strict", key, { headers: { "webhook-timestamp": "now" } }), 401],
    [send("strict", key, { body: "x".repeat(1_000_000) }), 413],
    [send("strict", key, { body: "[".repeat(1_000) + "]".repeat(1_000) }), 400],
    [fetch(`${gateway.url}/hooks/strict`), 404],
    [send("strict", key, { headers: { origin: "http://evil.example" } }), 403],
    [send("strict", key, { body: "plain words" }), 202],
    [send("strict", key, { body: '{"zero":"\\u0000"}' }), 202],
  ];
  const details = new Set<string>();
  for (const [index, [asked, status]] of cases.entries()) {
    const answer = await asked;
    assert.equal(answer.status, status, `case ${index}`);
    const body = (await answer.json()) as { detail?: string; title?: string };
    if (status === 401) details.add(body.detail ?? body.title ?? "");
  }
  assert.equal(details.size, 1, [...details].join("\n"));
});

test("serveHooks() counts wrong signatures, and lets the right one pass while it refuses them", async () => {
  const key = await add("busy");
  const wrong = await add("wrong");
  const statuses: number[] = [];
  for (let index = 0; index < 40; index += 1) statuses.push((await send("busy", wrong)).status);
  assert.ok(statuses.includes(401) && statuses.at(-1) === 429, statuses.join());
  assert.equal((await send("busy", key)).status, 202);
});

test("serveHooks() takes GitHub's form, in which a signed body that is sent again is known under any id and event", async () => {
  const {
    test: { clock },
  } = gateway;
  const key = await add("github", "github");
  const taken = async (sent: Sent) => {
    const answer = await sendAsGithub("github", key, sent);
    assert.equal(answer.status, 202);
    return (await answer.json()) as { eventId: string; isRepeated: boolean };
  };
  const first = await taken({ id: "d-1" });
  assert.equal(first.isRepeated, false);
  const again = { eventId: first.eventId, isRepeated: true };
  assert.deepEqual(await taken({ id: "d-1" }), again, "GitHub's own redelivery");
  const other = { id: "d-3", headers: { "x-github-event": "deployment" } };
  assert.deepEqual(await taken(other), again, "neither the id nor the event is signed");
  await clock.advance(60 * 86_400_000);
  assert.deepEqual(await taken({ id: "d-4" }), again, "two months later");
  await taken({ id: "d-2", body: '{"ref":"next"}', headers: { "x-github-event": "" } });
  assert.ok([401, 429].includes((await sendAsGithub("github", `${key}x`)).status), "another key");
  assert.ok([401, 429].includes((await send("github", key)).status), "not the other form");
  const events = (await received()).filter(({ subject }) => subject === "github");
  assert.deepEqual(
    events.map(({ data }) => data),
    [
      { hook: "github", deliveryId: "d-1", event: "push", payload: { ref: "main" } },
      { hook: "github", deliveryId: "d-2", payload: { ref: "next" } },
    ],
  );
});

test("serveHooks() starts the job that waits for the event, whose run knows that it read content from outside", async () => {
  const key = await add("ci", "github");
  const { kernel } = gateway;
  await gateway.client.defineJob({
    jobId: "on-push",
    title: "On push",
    prompt: "Say what was pushed",
    trigger: { kind: "event", eventType: "webhook.received", filter: { hook: "ci", event: "push" } },
  });
  await sendAsGithub("ci", key);
  const [loop] = createJobLoops(kernel).filter(({ name }) => name.includes("event"));
  await loop!.look();
  const runs = await listRuns(kernel, { jobId: "on-push" });
  assert.equal(runs.length, 1);
  const run = await getRun(kernel.database, runs[0]!.id);
  const { trust, sources } = await kernel.labelSets.read(kernel.database, run.labels);
  assert.deepEqual([trust, sources], ["untrusted", ["webhook:ci"]]);
});

test("serveHooks() takes the key before for a while after a rotation, and each change is an event", async () => {
  const {
    client,
    homeDir,
    test: { clock },
  } = gateway;
  const first = await add("turning");
  const { key: second } = await client.rotateHook({ name: "turning", overlapMs: 60_000 });
  await clock.advance(30_000);
  const { key: third } = await client.rotateHook({ name: "turning", overlapMs: 10_000 });
  const statuses = async () =>
    Promise.all([first, second, third].map(async (key) => (await send("turning", key)).status));
  assert.deepEqual(await statuses(), [202, 202, 202], "each counts as long as was said");
  await clock.advance(11_000);
  assert.deepEqual(await statuses(), [202, 401, 202]);
  await clock.advance(30_000);
  assert.deepEqual(await statuses(), [401, 401, 202]);
  const { key: fourth } = await client.rotateHook({ name: "turning", overlapMs: 0 });
  assert.deepEqual([await statuses(), (await send("turning", fourth)).status], [[401, 401, 401], 202]);
  for (const file of await readdir(join(homeDir, ".roost/hooks"))) {
    const path = join(homeDir, ".roost/hooks", file);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.match(await readFile(path, "utf8"), /^whsec_/);
  }
  await writeFile(join(homeDir, ".roost/elsewhere"), second, { mode: 0o600 });
  const kept = await client.addHook({ name: "kept", keyRef: "file:.roost/elsewhere" });
  assert.equal(kept.key, null);
  assert.equal((await send("kept", second)).status, 202);
  await assert.rejects(client.rotateHook({ name: "kept" }), { code: "conflict" });
  await client.removeHook({ name: "turning" });
  assert.ok([401, 429].includes((await send("turning", fourth)).status));
  const { events } = await readTopic(gateway.kernel.database, { topic: "access", limit: 100 });
  const own = events.filter(({ data }) => data["name"] === "turning").map(({ type }) => type);
  assert.deepEqual(own.toSorted(), ["hook.added", "hook.removed", "hook.rotated", "hook.rotated", "hook.rotated"]);
  const stored = JSON.stringify([events, await gateway.kernel.database.query("select * from access.hook")]);
  assert.ok(!stored.includes(second.slice(6)), "the key is a secret");
});
