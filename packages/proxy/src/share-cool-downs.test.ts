import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryCoolDowns, type CoolDown } from "@roost/agent";
import { createFakeClock, silentLogger } from "@roost/base";
import { shareCoolDowns } from "./share-cool-downs.ts";
import { coolDownAfter, openUpstreams, orderByReadiness } from "./upstream.ts";

const providers = ["one", "two"].map((id) => ({
  id,
  kind: "openai-compatible" as const,
  baseUrl: `http://127.0.0.1:9/${id}`,
  model: "m",
}));

test("shareCoolDowns() lets a gateway ask a server last that another process found failing, until it is well again", async () => {
  const store = createMemoryCoolDowns();
  const clock = createFakeClock(1_000);
  const open = () => openUpstreams(providers).map((upstream) => ({ upstream, model: upstream.model }));
  const [here, there] = [open(), open()];
  const shared = shareCoolDowns(store, { logger: silentLogger });
  const orderThere = async () => {
    await shared.adopt(there);
    return orderByReadiness(there, clock).map(({ upstream }) => upstream.id);
  };
  assert.deepEqual(await orderThere(), ["one", "two"]);
  const failure = { status: 503, message: "busy", retryAfterMs: 60_000 };
  coolDownAfter(here[0]!.upstream, failure, { startedMs: 900, nowMs: 1_000 });
  shared.tell(here[0]!);
  assert.deepEqual(await orderThere(), ["two", "one"]);
  clock.advance(61_000);
  assert.deepEqual(await orderThere(), ["one", "two"]);

  // Another model of the server says nothing of the one that is configured.
  const other = { upstream: here[1]!.upstream, model: "another" };
  coolDownAfter(other.upstream, { ...failure, status: 404 }, { startedMs: 61_000, nowMs: 62_000 });
  shared.tell(other);
  assert.equal((await store.read([other.upstream.key])).size, 0);

  const broken = {
    read: () => Promise.reject(new Error("away")),
    update: async (_key: string, _change: (current: CoolDown | undefined) => CoolDown | undefined) => undefined,
  };
  await shareCoolDowns(broken, { logger: silentLogger }).adopt(there);
  await Promise.all([...here, ...there].map(({ upstream }) => upstream[Symbol.asyncDispose]()));
});
