/**
 * Two gateways of a home behind a load balancer, one of them on a host that joined without the home's directory: each takes what the other has signed, said
 * and begun, a stream goes on at the one that is left, and the host is put out alone.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { readGatewayUrl } from "@roost/base";
import { freePorts } from "@roost/base/testing";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { raiseNotice, readEnd, readTopic } from "@roost/kernel";
import { readHomeId } from "@roost/memory/home";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse, type House } from "../../packages/worker/src/testing/open-house.ts";
import { pidOf } from "../services/home-services.fixture.ts";
import { askDoors } from "./ask-doors.ts";
import { writeApples } from "./apples.ts";
import { assertNoGaps, followStream } from "./follow-stream.ts";
import { listHostRoles } from "./list-host-roles.ts";
import { signIn, startLoadBalancer, type LoadBalancer } from "./load-balancer.ts";
import { startBucket } from "./start-bucket.ts";
import { startHost } from "./start-host.ts";

const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const services = new URL("../../apps/services/src/main.ts", import.meta.url);
const name = "roost.example";
const listen = `listen:\n  names: [${name}]\n  trustedProxies: [127.0.0.1]\n`;
const reconnect = { delayMsMin: 5, delayMsMax: 100, attemptsMax: 1_000 };

const clientOf = (url: string, token = testToken) =>
  createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token, reconnect });

async function statusWith(cookie: string, { url }: { url: string }): Promise<number> {
  const answer = await fetch(`${url}/api/v1/status`, { headers: { cookie } });
  await answer.body?.cancel();
  return answer.status;
}

async function notify({ kernel }: House, from: number, count: number): Promise<void> {
  for (let one = from; one < from + count; one += 1)
    await kernel.transact(async (tx) => raiseNotice(tx, { level: "info", text: `notice ${one}`, source: "test" }));
}

test(
  "Two gateways behind a load balancer, one on a host without the home's directory, answer as one, and the host is put out alone",
  { timeout: 300_000 },
  async (t) => {
    await using bucket = await startBucket();
    const given = await startScriptedModelServer({ script: () => "All is well." });
    t.after(() => given[Symbol.asyncDispose]());
    const models = `models:\n  - { id: own, kind: openai-compatible, baseUrl: "${given.url}", model: scripted, apiKey: env:KEY_OF_THE_MODEL }\n`;
    const settings = `${listen}${models}services: [apples]\n`;
    await using house = await openHouse(settings);
    const { kernel, memory } = house;
    const { homeDir } = memory;
    await writeFile(join(homeDir, "USER.md"), "Ada likes tea.\n");
    await writeApples(homeDir);
    await writeFile(join(homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    const env = { ROOST_PORT: "0", KEY_OF_THE_MODEL: "a-key", ...bucket.environment };
    await house.start({ program: gateway, env });
    await house.start({ env });
    await house.start({ program: services });
    const homeUrl = await readGatewayUrl(homeDir);
    const atHome = (...args: string[]) => runRoost(args, { url: homeUrl, environment: { ROOST_TOKEN: testToken } });

    const machine = await mkdtemp(join(tmpdir(), "roost-box-"));
    t.after(() => rm(machine, { recursive: true, force: true }));
    const invited = await atHome("hosts", "invite", "box", "--gateways");
    const [, code = ""] = /--code (\S+)/.exec(invited.stdout) ?? [];
    const here = { ROOST_HOME: machine, ROOST_URL: "", ROOST_TOKEN: "", ...bucket.environment };
    const joined = await runRoost(["join", homeUrl, "--code", code], { environment: here });
    assert.match(joined.stdout, /host box of .*gateways:run/, `${invited.stderr}${joined.stderr}`);
    assert.match(joined.stderr, /gateway here starts without it.*env:KEY_OF_THE_MODEL/s);
    assert.match((await runRoost(["doctor"], { environment: here })).stdout, /! +secret env:KEY_OF_THE_MODEL/);
    const homeId = await readHomeId(homeDir);
    const rolesOfBox = () => listHostRoles(kernel.database, { homeId, host: "box" });
    assert.equal((await rolesOfBox()).length, 1);
    const [port] = await freePorts(1);
    const boxUrl = `http://127.0.0.1:${port}`;
    await using host = await startHost({ ...bucket.environment, ROOST_HOME: machine, ROOST_PORT: String(port) });
    await until(() => /lacks a secret: env:KEY_OF_THE_MODEL/.test(host.printed()));
    assert.match(host.printed(), new RegExp(`with a gateway at ${boxUrl}`));
    assert.equal((await stat(join(machine, ".roost/session-key"))).mode & 0o777, 0o600);
    await until(async () => /box +gateway/.test((await atHome("hosts")).stdout));

    await using both = await startLoadBalancer(name, { isInTurns: true });
    await using home = await startLoadBalancer(name);
    await using box = await startLoadBalancer(name);
    home.gateways.push(homeUrl);
    box.gateways.push(boxUrl);
    both.gateways.push(boxUrl, homeUrl);
    const [throughHome, throughBox] = [home, box].map(({ url }) => clientOf(url)) as [Client, Client];

    // The home's token counts at both, which the host has not.
    assert.equal((await throughBox.getStatus({})).version, (await throughHome.getStatus({})).version);
    await assert.rejects(clientOf(box.url, "not-the-token-of-the-home").getStatus({}), { code: "unauthenticated" });
    const kept = await Promise.all(
      ["token", "host.json", "session-key"].map((file) => readFile(join(machine, ".roost", file), "utf8")),
    );
    assert.ok(kept.every((text) => !text.includes(testToken)));
    const ofBox = await signIn(box, (await throughHome.createSignInCode({})).code);
    const ofHome = await signIn(home, (await throughBox.createSignInCode({})).code);
    for (const cookie of [ofBox, ofHome])
      for (const at of [home, box, both, both]) assert.equal(await statusWith(cookie, at), 200);

    await talk(throughHome, throughBox);
    await asOnce(throughHome, throughBox);
    await keepsFiles(throughBox, homeDir);
    await refusesHomesWork(throughBox, homeUrl);
    await askDoors({ box, home, homeUrl, token: testToken });
    await streamGoesOn(t, { house, machine, both });
    await until(async () => (await throughBox.getStatus({}).catch(() => undefined)) !== undefined);
    assert.deepEqual((await throughHome.getStatus({})).alarms, []);
    assert.match(JSON.stringify((await throughBox.getStatus({})).alarms), /KEY_OF_THE_MODEL/);

    // Settings are those that are recorded.
    await writeFile(join(homeDir, "roost.yaml"), `${settings}timeZone: Asia/Tokyo\n`);
    await until(async () => (await throughBox.getStatus({}).catch(() => undefined))?.timeZone === "Asia/Tokyo");
    assert.equal(await statusWith(ofBox, home), 200, "its key stays over a start");

    await newToken(homeDir, { ofBox, ofHome, home, box });
    const later = await signIn(home, (await clientOf(home.url, another).createSignInCode({})).code);
    const laterOfBox = await signIn(box, (await clientOf(box.url, another).createSignInCode({})).code);
    assert.equal(await statusWith(laterOfBox, home), 200);

    const environment = { ROOST_TOKEN: another };
    assert.match((await runRoost(["hosts", "remove", "box"], { url: homeUrl, environment })).stdout, /Revoked box/);
    assert.deepEqual(await host.ended, { code: 77, signal: null }, host.printed());
    await until(async () => (await statusWith(laterOfBox, home)) === 401);
    assert.equal(await statusWith(later, home), 200, "what others signed counts on");
    assert.deepEqual(await rolesOfBox(), []);
  },
);

type Client = ReturnType<typeof clientOf>;

const another = "roost_another-token-of-the-tests";

/** Another token of the home shuts out the one before and all that was signed with it, at both. */
async function newToken(
  homeDir: string,
  { ofBox, ofHome, home, box }: { ofBox: string; ofHome: string; home: LoadBalancer; box: LoadBalancer },
): Promise<void> {
  const path = join(homeDir, ".roost/token");
  await writeFile(`${path}.new`, `${another}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  for (const at of [home, box])
    for (const cookie of [ofBox, ofHome]) await until(async () => (await statusWith(cookie, at)) === 401);
  await clientOf(box.url, another).getStatus({});
  await assert.rejects(clientOf(box.url).getStatus({}), { code: "unauthenticated" });
}

/** What is said at one gateway is heard at the other, word by word. */
async function talk(home: Client, box: Client): Promise<void> {
  const over = new AbortController();
  const heard: string[] = [];
  const opened = Promise.withResolvers<void>();
  const hearing = (async () => {
    const watch = box.watchSession({ sessionKey: "main" }, { signal: over.signal, onPlace: () => opened.resolve() });
    for await (const item of watch) heard.push(JSON.stringify(item));
  })().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  await opened.promise;
  await home.sendMessage({ sessionKey: "main", text: "How are you?" });
  await until(async () => heard.some((item) => item.includes("All is well.")));
  over.abort();
  await hearing;
}

/** A key that one gateway has seen counts at the other. */
async function asOnce(home: Client, box: Client): Promise<void> {
  const message = { sessionKey: "main", text: "Once, please." } as const;
  const idempotencyKey = "once-and-no-more";
  const first = await home.sendMessage(message, { idempotencyKey });
  assert.deepEqual(await box.sendMessage(message, { idempotencyKey }), { ...first, isRepeated: true });
  const { items } = await box.listRuns({ limit: 50 });
  assert.equal(items.filter(({ id }) => id === first.runId).length, 1);
}

/** What is written there is recorded at once, and the home's disk follows. */
async function keepsFiles(box: Client, homeDir: string): Promise<void> {
  const { bytes } = await box.getFile({ path: "USER.md" });
  assert.equal(Buffer.from(bytes).toString(), "Ada likes tea.\n");
  await box.writeFile({ path: "notes/plan.md", text: "one\n" });
  await until(async () => (await readFile(join(homeDir, "notes/plan.md"), "utf8").catch(() => "")) === "one\n");
}

/** What takes the home's disk, its roles or its keys is left to it, by name. */
async function refusesHomesWork(box: Client, homeUrl: string): Promise<void> {
  const { sha256 } = await box.hashFile({ path: "notes/plan.md" });
  for (const asked of [
    box.removeFile({ path: "notes/plan.md", sha256 }),
    box.getPushKey({}),
    box.createPairing({ kind: "host", scopes: ["workers:run"] }),
  ])
    await assert.rejects(asked, { code: "unavailable", message: new RegExp(homeUrl) });
}

/** The gateway that streams is killed: the stream goes on at the other after the last event that its reader saw. */
async function streamGoesOn(
  t: TestContext,
  { house, machine, both }: { house: House; machine: string; both: LoadBalancer },
): Promise<void> {
  const count = 40;
  // In turns: this one goes to the host's gateway.
  both.nextTurn(0);
  const stream = followStream(t, (options) => clientOf(both.url).tailEvents({ topics: ["notices"] }, options));
  await stream.opened;
  const seen = (place: string) => stream.offsets.get(place) ?? [];
  const { database } = house.kernel;
  const before = await readEnd(database, ["notices"]);
  await notify(house, 0, count);
  await until(() => [...stream.offsets.values()].flat().length >= count / 2);
  process.kill(await pidOf("gateway", machine), "SIGKILL");
  await notify(house, count, count);
  const { events, isCaughtUp } = await readTopic(database, { topic: "notices", after: before, limit: 1_000 });
  assert.ok(isCaughtUp && events.length >= 2 * count);
  const sent = Map.groupBy(events, ({ topic, partition }) => `${topic}/${partition}`);
  await until(
    () =>
      stream.failure() !== undefined ||
      [...sent].every(([place, of]) => (seen(place).at(-1) ?? -1) >= of.at(-1)!.offset),
  );
  // No event is lost or told twice, not even the first ones.
  assertNoGaps(stream);
  for (const [place, of] of sent) {
    const first = of[0]!.offset;
    const last = of.at(-1)!.offset;
    assert.deepEqual(
      seen(place).filter((offset) => offset >= first && offset <= last),
      of.map(({ offset }) => offset),
      place,
    );
  }
}
