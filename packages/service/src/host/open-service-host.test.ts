import assert from "node:assert/strict";
import { test } from "node:test";
import { createId, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Database } from "@roost/database";
import { createTestKernel } from "@roost/kernel/testing";
import { createServiceDirectory } from "../calls/service-directory.ts";
import { connectService } from "../install/connect-service.ts";
import { installService, type InstalledService } from "../install/install-service.ts";
import { openServices } from "../open-services.ts";
import { gardenContract } from "../testing/garden/contract.ts";
import { garden } from "../testing/garden/service.ts";
import { dropRoles } from "../testing/open-test-service.ts";
import type { Service } from "../service.ts";
import { openServiceHost } from "./open-service-host.ts";

const pollMs = 20;
const logger = silentLogger;

/** A database that says how many statements it was asked. */
function counted(database: Database) {
  const asked = { count: 0 };
  const count = <Args extends unknown[], Answer>(ask: (...args: Args) => Answer) => {
    return (...args: Args) => {
      asked.count += 1;
      return ask(...args);
    };
  };
  const wrapped: Database = {
    query: count((text: string, values?: unknown[], options?: object) =>
      database.query(text, values, options),
    ) as never,
    transact: count((work, options?: object) => database.transact(work as never, options)) as never,
    together: (work) => work(wrapped),
    listen: (channel, onPayload) => database.listen(channel, onPayload),
    openSession: () => database.openSession(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
  return { database: wrapped, asked };
}

/** Services of one process. */
async function openProcess(services: readonly Service[]) {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await createTestKernel());
  const { kernel, url: databaseUrl } = test;
  await openServices({ kernel, kind: "gateway", name: "g" });
  const homeId = createId();
  const all: { service: Service; installed: InstalledService }[] = [];
  for (const service of services) {
    const installed = await installService(kernel, { contract: service.contract, homeId });
    opened.defer(() => dropRoles(kernel.database, installed));
    all.push({ service, installed });
  }
  const connect = async (poolMax: number, { installed } = all[0]!) =>
    counted(opened.use(await connectService({ databaseUrl, installed, logger, poolMax, idleMsMax: 2 * pollMs })));
  const link = await connect(1);
  const host = opened.use(await openServiceHost({ link: link.database, clock: kernel.clock, logger, pollMs }));
  const hosted = [];
  const asked = [];
  for (const one of all) {
    const own = await connect(4, one);
    asked.push(own.asked);
    hosted.push(opened.use(await host.add({ ...one, database: own.database })));
  }
  const owned = opened.move();
  return {
    test,
    host,
    hosted,
    link: link.asked,
    asked,
    directory: createServiceDirectory(test.database, { clock: kernel.clock }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const orchard = (seen: string[]): Service => ({
  contract: { ...gardenContract, name: "orchard", title: "Orchard", topics: ["orchard"], events: [], operations: [] },
  handlers: () => [],
  consumers: [
    { name: "told", types: ["notice.raised"], handle: async ({ data }) => void seen.push(String(data["text"])) },
  ],
});

test("openServiceHost() keeps several services below one lease and one connection that listens, with one statement a look", async () => {
  const seen: string[] = [];
  await using opened = await openProcess([garden, orchard(seen)]);
  const { link, asked } = opened;
  const { database, clock, kernel } = opened.test;
  const find = <Row>(text: string) => database.query<Row>(text);
  assert.equal((await find("select from service.process")).length, 1);
  assert.equal((await find("select from service.instance where process = (select id from service.process)")).length, 2);
  const listening =
    "select from pg_stat_activity where datname = current_database() and application_name like 'roost service %listen'";
  assert.equal((await find(listening)).length, 1);

  // A wake-up that was lost: the event is there, and no process was told of it.
  const notice = { noticeId: createId(), level: "info", text: "psst" };
  await kernel.transact(async (tx) => {
    tx.emit({ type: "notice.raised", subject: "n", data: notice, labels: ["trust:agent"] });
  });
  await until(() => seen.length === 1);
  let before = { link: 0, own: -1 };
  const now = () => ({ link: link.count, own: asked.reduce((sum, { count }) => sum + count, 0) });
  // Until a while passes in which no service asked anything.
  await until(async () => {
    before = now();
    await until(() => link.count >= before.link + 5);
    return now().own === before.own;
  });

  const lease = async () => (await find<{ at: Date }>("select expires_at as at from service.process"))[0]!.at.getTime();
  const first = await lease();
  await clock.advance(10_000);
  await until(async () => (await lease()) >= first + 10_000);
  assert.equal(now().own, before.own, "the lease of all is renewed by the process");

  const ofOrchard =
    "select from pg_stat_activity where datname = current_database() and application_name = 'roost service orchard'";
  await until(async () => (await find(ofOrchard)).length === 0);
});

test("openServiceHost() announces its services again after a sleep of the machine, and lets one go without the others", async () => {
  await using opened = await openProcess([garden, orchard([])]);
  const { directory, hosted, test } = opened;
  // Another process has seen that this one is gone.
  await test.database.query("delete from service.process");
  const running = async () => {
    await test.clock.advance(1_000);
    return (await directory.list()).filter(({ instances }) => instances.length > 0).map(({ name }) => name);
  };
  await until(async () => (await running()).length === 2);
  await hosted[0]![Symbol.asyncDispose]();
  assert.deepEqual(await running(), ["orchard"]);
});
