/** The relay of a joined host before a real Kafka, as a person brings it in: killed, and asleep with its host beyond its lease while the home's own takes over. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readGatewayUrl } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { note, testEvents } from "@roost/kernel/testing/test-events";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { leaseMsDefault } from "../../packages/kafka/src/relay/run-relay.ts";
import { openHouse, type House } from "../../packages/worker/src/testing/open-house.ts";
import { openKafkaWorld } from "../distributed/kafka-world.ts";
import { requirePart } from "../infra/parts.ts";
import { pidOf } from "../services/home-services.fixture.ts";
import { startHost } from "./start-host.ts";

const { skip } = await requirePart("kafka");
const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const relay = new URL("../../apps/relay/src/main.ts", import.meta.url);

/** Appends to the home's log until it is told to stop. */
function appendNotes({ kernel }: House) {
  let count = 0;
  let isOver = true;
  let ended = Promise.resolve();
  const append = async (more: number) => {
    for (let left = more; left > 0; left -= 50)
      await kernel.append(Array.from({ length: Math.min(50, left) }, () => note((count += 1), `key ${count % 40}`)));
  };
  const keep = async () => {
    while (!isOver) await append(200);
  };
  return {
    append,
    count: () => count,
    start() {
      isOver = false;
      ended = keep();
    },
    async stop() {
      isOver = true;
      await ended;
    },
  };
}

test(
  "A joined host's relay ships the log to Kafka; killed, then asleep for twice its lease while the home's takes over, each event acts once and in order",
  { skip },
  async (t) => {
    await using opened = new AsyncDisposableStack();
    // Who reads Kafka, with a database of its own.
    const world = opened.use(await openKafkaWorld());
    const house = opened.use(await openHouse());
    const { kernel, memory } = house;
    await kernel.registry.register(testEvents);
    // The clock of tests.
    await kernel.database.query("grant select on roost.test_clock to public");
    await writeFile(join(memory.homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    await house.start({ program: gateway, env: { ROOST_PORT: "0" } });
    const url = await readGatewayUrl(memory.homeDir);
    const api = createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token: testToken });
    const atHome = (...args: string[]) => runRoost(args, { url, environment: { ROOST_TOKEN: testToken } });
    const invited = await atHome("hosts", "invite", "box", "--relay");
    const [, code = ""] = /--code (\S+)/.exec(invited.stdout) ?? [];
    const machine = await mkdtemp(join(tmpdir(), "roost-box-"));
    opened.defer(() => rm(machine, { recursive: true, force: true, maxRetries: 5 }));
    const here = { ROOST_HOME: machine, ROOST_URL: "", ROOST_TOKEN: "" };
    const joined = await runRoost(["join", url, "--code", code], { environment: here });
    assert.equal(joined.code, 0, `${invited.stderr}${joined.stderr}`);
    const brokers = { KAFKA_BROKERS: world.real.brokers.join(",") };
    const host = opened.use(await startHost({ ...here, ...brokers }));
    await until("the host's relay ships", async () => /box +relay/.test((await atHome("hosts")).stdout));
    const consumer = world.startConsumer();
    const notes = appendNotes(house);
    const effectCount = async () => (await world.effects()).length;
    const untilAllTaken = () => until("each event took effect", async () => (await effectCount()) >= notes.count());
    const inTheMiddle = async () => {
      const before = await effectCount();
      notes.start();
      await until("something more is shipped", async () => (await effectCount()) > before + 500);
    };
    await notes.append(100);
    await untilAllTaken();

    await inTheMiddle();
    process.kill(await pidOf("relay", machine), "SIGKILL");
    await notes.stop();
    await untilAllTaken();

    await inTheMiddle();
    // As a laptop whose lid is closed.
    const asleep = [host.pid, await pidOf("relay", machine)];
    for (const pid of asleep) process.kill(pid, "SIGSTOP");
    const asleepMs = performance.now();
    await notes.stop();
    await until("what waits is told", async () => ((await api.getStatus({})).kafka?.relay.lagCount ?? 0) > 0);
    const atHomeToo = await house.start({ program: relay, env: brokers });
    await untilAllTaken();
    const takenMs = Math.round(performance.now() - asleepMs);
    await until("twice the lease", async () => performance.now() - asleepMs > 2 * leaseMsDefault);
    for (const pid of asleep.toReversed()) process.kill(pid, "SIGCONT");
    await notes.append(300);
    await untilAllTaken();
    // What it had on its way it has said before it takes partitions again.
    atHomeToo.kill("SIGTERM");
    assert.deepEqual(await atHomeToo.ended, { code: 0, signal: null });
    await notes.append(300);
    await untilAllTaken();
    await until("nothing waits", async () => (await api.getStatus({})).kafka?.relay.lagCount === 0);

    const byPartition = Map.groupBy(await world.effects(), ({ partition }) => partition);
    const offsets = [...byPartition.values()].map((effects) => effects.map(({ offset }) => offset));
    for (const seen of offsets) assert.deepEqual(seen, [...seen.keys()], "each offset once and in order");
    assert.equal(offsets.flat().length, notes.count());
    const ranges = await world.kafka.readRanges(["roost.notes"]);
    const recordCount = ranges.reduce((sum, { endOffset }) => sum + endOffset, 0);
    t.diagnostic(
      `${notes.count()} events, ${recordCount} records; ${takenMs} ms from sleep until the home's had shipped all`,
    );
    assert.match((await atHome("hosts", "remove", "box")).stdout, /Revoked box/);
    assert.deepEqual(await host.ended, { code: 77, signal: null }, host.printed());
    await consumer.stop();
  },
);
