/**
 * What programs and devices ask of a gateway on a joined host beside the operations: `/v1`, `/mcp`, GraphQL, services and pairing. It answers as the
 * home's own does, and leaves what needs the home's machine to it, with its address.
 */
import assert from "node:assert/strict";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { postJson } from "@roost/contract/post-json";
import { roostContract } from "@roost/contract/roost";
import { leftToHomeStatus } from "@roost/contract/status-codes";
import { connectMcp, textOfMcp } from "../../apps/gateway/src/testing/connect-mcp.ts";
import { countApples } from "./apples.ts";
import type { LoadBalancer } from "./load-balancer.ts";

interface Doors {
  /** The gateway on the joined host, which has no key of the home's model. */
  box: LoadBalancer;
  home: LoadBalancer;
  /** Where what needs the home is to be asked. */
  homeUrl: string;
  /** Of the home. */
  token: string;
}

/** The model of the home is `own/scripted` and says that all is well; its service apples listens on loopback. */
export async function askDoors(doors: Doors): Promise<void> {
  await askPrograms(doors);
  await askByMcp(doors);
  await askByGraphql(doors);
  await askServices(doors);
  await pairDevices(doors);
}

const clientOf = ({ url }: LoadBalancer, token: string) =>
  createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token });

async function send(
  { url }: LoadBalancer,
  path: string,
  given: { token: string; body?: object },
): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${given.token}`, "content-type": "application/json" },
    ...(given.body && { method: "POST", body: JSON.stringify(given.body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** A key counts at both, whichever made it; agents answer anywhere, a model where its key is. */
async function askPrograms({ box, home, homeUrl, token }: Doors): Promise<void> {
  const { text: key } = await clientOf(box, token).createToken({
    name: "webui",
    scopes: ["models:call", "agents:call", "main"],
  });
  const ask = (at: LoadBalancer, model: string) =>
    send(at, "/v1/chat/completions", { token: key, body: { model, messages: [{ role: "user", content: "Hello" }] } });
  for (const at of [box, home]) {
    const { body } = await ask(at, "roost/main");
    assert.equal(body.choices[0].message.content, "All is well.");
  }
  // What one has begun the other goes on with.
  const begun = await send(box, "/v1/responses", { token: key, body: { model: "roost/main", input: "And now?" } });
  const read = await send(home, `/v1/responses/${begun.body.id}`, { token: key });
  assert.equal(read.body.output[0].content[0].text, "All is well.");

  assert.equal((await ask(home, "own/scripted")).status, 200);
  for (const model of ["own/scripted", "auto"]) {
    const left = await ask(box, model);
    assert.equal(left.status, leftToHomeStatus);
    assert.match(left.body.error.message, new RegExp(homeUrl));
  }
}

async function askByMcp({ box, home, homeUrl, token }: Doors): Promise<void> {
  await using connected = await connectMcp(box.url, { token });
  const { client } = connected;
  const call = (name: string, args: object) => client.callTool({ name, arguments: { ...args } });
  assert.match(textOfMcp(await call("roost_listFiles", {})), /USER\.md/);
  const { resources } = await client.listResources();
  assert.ok(resources.some(({ uri }) => uri === "roost://files/notes/plan.md"));
  const { sha256 } = await clientOf(home, token).hashFile({ path: "notes/plan.md" });
  const left = await call("roost_removeFile", { path: "notes/plan.md", sha256 });
  assert.equal(left.isError, true);
  assert.match(textOfMcp(left), new RegExp(homeUrl));
}

async function askByGraphql({ box, homeUrl, token }: Doors): Promise<void> {
  const query = "{ listAgents { items { id } } getPushKey { publicKey } }";
  const { body } = await send(box, "/graphql", { token, body: { query } });
  assert.equal(body.data.listAgents.items[0].id, "main");
  const [{ path, extensions }] = body.errors;
  assert.deepEqual([path, extensions.status], [["getPushKey"], leftToHomeStatus]);
  assert.equal(extensions.details.address, homeUrl);
}

/** A service that this gateway does not reach runs all the same. */
async function askServices({ box, home, homeUrl, token }: Doors): Promise<void> {
  await until(async () => (await countApples(home.url, token)).status === 200);
  const client = clientOf(box, token);
  const found = await until(async () => {
    const { service, instances } = await client.getService({ name: "apples" });
    return service.state === "running" && { service, instances };
  });
  assert.equal(found.instances.length, 1);
  assert.deepEqual((await client.listServices()).items, [found.service]);
  const left = await send(box, "/services/apples/count", { token });
  assert.equal(left.status, leftToHomeStatus);
  assert.equal(left.body.details.address, homeUrl);
}

/** A code of one makes a device at the other, which counts at both until either revokes it. */
async function pairDevices({ box, home, token }: Doors): Promise<void> {
  const both = [box, home];
  for (const [made, brought] of [both, both.toReversed()] as [LoadBalancer, LoadBalancer][]) {
    const owner = clientOf(made, token);
    const { code } = await owner.createPairing({ name: "phone" });
    const phone = await postJson<{ token: string; name: string }>(`${brought.url}/pair`, { code });
    for (const at of both) await clientOf(at, phone.token).getStatus({});
    await owner.revokeToken({ token: phone.name });
    for (const at of both) await until(async () => (await send(at, "/api/v1/status", phone)).status === 401);

    const cookie = await pairByForm(brought, (await owner.createPairing({ name: "tablet" })).code);
    for (const at of both) {
      const answer = await fetch(`${at.url}/api/v1/status`, { headers: { cookie } });
      assert.equal(answer.status, 200, await answer.text());
    }
  }
}

/** As a phone's browser does; returns its cookie. */
async function pairByForm({ name, url }: LoadBalancer, code: string): Promise<string> {
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: `https://${name}` };
  const answer = await fetch(`${url}/pair`, { method: "POST", headers, body: `code=${code}`, redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
  return answer.headers.getSetCookie()[0]!.split(";")[0]!;
}
