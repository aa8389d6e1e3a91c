/** Calls the operations that the walk through all of them leaves to other tests, at a gateway on another host. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { hostScopes } from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import { leftToHomeStatus } from "@roost/contract/status-codes";
import { Webhook } from "standardwebhooks";
import type { TestGateway } from "./create-test-gateway.ts";
import type { GatewayElsewhere } from "./open-elsewhere.ts";

export async function askTheRest(home: TestGateway, elsewhere: GatewayElsewhere): Promise<void> {
  const { client } = elsewhere;
  await askAboutHosts(home, elsewhere);
  await askAboutChannels(home, client);
  await askAboutSettings(client);
  await sendWebhooks(home, elsewhere);
  const { subscription } = await client.subscribePush({ endpoint: "https://fcm.googleapis.com/fcm/send/x", name: "x" });
  assert.deepEqual(
    (await client.listPushSubscriptions()).items.map(({ id }) => id),
    [subscription.id],
  );
  await client.unsubscribePush({ id: subscription.id });
  assert.notEqual((await client.getPushKey()).publicKey, "");
}

async function askAboutHosts(home: TestGateway, elsewhere: GatewayElsewhere): Promise<void> {
  const { client, url, clientWith } = elsewhere;
  assert.deepEqual((await client.listHosts()).items.find(({ name }) => name === "box")?.doing, ["gateway"]);
  // A host that runs nothing may be brought in anywhere, one that gets logins only where roles are made.
  const { code } = await client.createPairing({ kind: "host", name: "laptop" });
  const host = { name: "laptop", version: "0.0.1", at: new Date().toISOString() };
  const { token } = await postJson<{ token: string }>(`${url}/pair`, { code, host });
  const laptop = clientWith(token);
  await laptop.reportHost({ version: "0.0.2", at: host.at, doing: ["copy"] });
  await laptop.reportDivergence({ path: "notes/plan.md", keptAs: null, diff: "" });
  const isLeftToHome = ({ code, message, details }: RoostError) =>
    code === "unavailable" && message.includes(home.url) && details?.["status"] === leftToHomeStatus;
  const refused = (error: unknown) => error instanceof RoostError && isLeftToHome(error);
  await assert.rejects(laptop.renewHostLogins({}), refused);
  for (const scope of ["workers:run", "schedulers:run", "relay:run", "gateways:run", "garden:host"])
    await assert.rejects(client.createPairing({ kind: "host", scopes: [...hostScopes, scope] }), refused, scope);
  const invited = await home.client.createPairing({ kind: "host", scopes: [...hostScopes, "gateways:run"] });
  const brought = { code: invited.code, host: { ...host, name: "attic" } };
  await assert.rejects(postJson(`${url}/pair`, { ...brought, host: { ...brought.host, isLook: true } }), refused);
  await assert.rejects(postJson(`${url}/pair`, brought), refused);
  assert.notEqual(
    (await postJson<{ token?: string }>(`${home.url}/pair`, brought)).token,
    undefined,
    "it counts still",
  );
  assert.notEqual((await client.drainHost({ name: "laptop" })).host.drained, null);
  assert.equal((await client.undrainHost({ name: "laptop" })).host.drained, null);
  await assert.rejects(client.revokeToken({ token: "attic" }), refused);
  await home.client.revokeToken({ token: "attic" });
  await client.revokeToken({ token: "laptop" });
  await assert.rejects(laptop.getStatus({}), { code: "unauthenticated" });
}

async function askAboutChannels(home: TestGateway, client: TestGateway["client"]): Promise<void> {
  await home.kernel.database.query(
    "insert into channels.peer (channel, id, kind, name, standing) values ('telegram', '52', 'user', 'person52', 'refused')",
  );
  assert.equal((await client.listChannels()).items[0]?.name, "telegram");
  assert.equal((await client.createPairing({ channel: "telegram" })).links.length, 0);
  assert.equal((await client.createPairing({ name: "phone" })).links.length > 0, true);
  const { items } = await client.listPeers({ channel: "telegram" });
  assert.deepEqual(
    items.map(({ name, standing }) => [name, standing]),
    [["person52", "refused"]],
  );
  const { peer } = await client.changePeer({ channel: "telegram", peer: "person52", standing: "guest" });
  assert.equal(peer.standing, "guest");
}

async function askAboutSettings(client: TestGateway["client"]): Promise<void> {
  await client.changeBudget({ window: "day", usdMax: 3, tokensMax: null, callsMax: null });
  assert.deepEqual(
    (await client.listBudgets()).items.map(({ window, usdMax }) => [window, usdMax]),
    [["day", 3]],
  );
  assert.deepEqual((await client.findLocalModels()).servers, []);
  const model = { kind: "openai-compatible", baseUrl: "http://127.0.0.1:9/v1", model: "small" } as const;
  assert.equal((await client.tryModel(model)).check.state, "fails");
  const added = await client.addModel(model);
  assert.deepEqual(
    (await client.listModels()).items.map(({ id }) => id),
    [added.model.id],
  );
  await client.removeModel({ id: added.model.id });
  assert.equal((await client.applySettings()).isRestarting, false);
  assert.equal((await client.setProfile({ name: "Ada" })).name, "Ada");
  assert.equal((await client.getProfile()).name, "Ada");
  assert.ok((await client.listExampleJobs()).items.length > 0);
}

/** Those whose key is not on this machine are the home's, and the home takes the same delivery. */
async function sendWebhooks(home: TestGateway, { url }: GatewayElsewhere): Promise<void> {
  const kept = `whsec_${randomBytes(24).toString("base64")}`;
  await writeFile(join(home.homeDir, "till-key"), `${kept}\n`);
  const { key } = await home.client.addHook({ name: "door", form: "standard" });
  await home.client.addHook({ name: "till", form: "standard", keyRef: "file:till-key" });
  for (const [name, secret] of [
    ["door", key!],
    ["till", kept],
  ] as const) {
    const at = new Date(home.kernel.clock.nowMs());
    const headers = {
      "content-type": "application/json",
      "webhook-id": name,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(name, at, "{}"),
    };
    const send = (to: string) => fetch(`${to}/hooks/${name}`, { method: "POST", body: "{}", headers });
    const refused = await send(url);
    const told = await refused.text();
    assert.equal(refused.status, leftToHomeStatus, told);
    assert.ok(!told.includes(home.url), "a stranger is told no address");
    assert.equal((await send(home.url)).status, 202);
  }
}
