/** A whole home with Kafka beside it: what it says of its relay, and a foreign event that is set aside and comes back. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openKafka, readKafkaSettings } from "@roost/kafka";
import { requirePart } from "../infra/parts.ts";
import { startKafka } from "../infra/start-kafka.ts";
import { startSupervised } from "../scenarios/start-supervised.ts";
import { runCommand } from "../services/home-services.fixture.ts";

const { skip } = await requirePart("kafka");

test(
  "roost up with KAFKA_BROKERS ships the log, says what waits while no broker answers, and takes a foreign event that fits at last",
  { skip },
  async () => {
    await using opened = new AsyncDisposableStack();
    const real = opened.use(await startKafka());
    const directory = await mkdtemp(join(tmpdir(), "roost-relay-"));
    opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const model = opened.use(await startScriptedModelServer({ script: () => "Heard" }));
    const environment = { KAFKA_BROKERS: real.brokers.join(","), KAFKA_INGEST: "orders" };
    const kafka = opened.use(openKafka(readKafkaSettings(environment)!, { logger: silentLogger }));
    await kafka.ensureTopics([{ name: "orders", partitions: 1 }]);
    const data = JSON.stringify({ personId: randomUUID(), source: "shop" });
    const headers = { ce_specversion: "1.0", ce_id: "1", ce_type: "person.added", ce_source: "shop" };
    await kafka.send({ topic: "orders", partition: 0 }, [{ key: null, value: data, headers }], { deadlineMs: 10_000 });

    const start = (services?: readonly string[]) =>
      startSupervised({ directory, modelUrl: model.url, services, environment });
    let home = await start();
    opened.defer(() => home.stop());
    const say = (text: string) => home.api.sendMessage({ sessionKey: "main", text });
    const isShipped = () =>
      until("all is shipped", async () => {
        const { kafka: shown } = await home.api.getStatus({});
        return shown !== undefined && shown.relay.lagCount === 0 && shown.relay.error === null;
      });
    const print = async (...args: string[]) => (await runCommand(directory, ...args)).printed;

    await say("the first");
    await until("Kafka has messages", async () =>
      (await kafka.readRanges(["roost.sessions"])).some(({ endOffset }) => endOffset > 0),
    );
    await isShipped();

    await real.kill(1);
    await say("the second");
    await until("the status says why", async () => (await home.api.getStatus({})).kafka?.relay.error !== null);
    const waiting = await print("status");
    assert.match(waiting, /[1-9]\d* events to ship, the oldest/);
    assert.match(waiting, /! The relay to Kafka cannot go on, [1-9]\d* events wait: /);
    await real.start(1);
    await isShipped();
    await until("the foreign event is judged", async () =>
      (await home.api.getStatus({})).kafka?.readers.some(({ deadLetterCount }) => deadLetterCount === 1),
    );
    assert.match(await print("status"), /kafka-ingest: 0 to take, 1 set aside \(roost log dead --group kafka-ingest\)/);
    assert.match(await print("log", "dead", "--group", "kafka-ingest"), /person\.added[^]*is not registered/);
    const [dead] = await kafka.fetch([{ topic: "roost.dead-letters", partition: 0, offset: 0 }]);
    assert.equal(dead!.records[0]!.headers.get("roost_dead_topic"), "orders");

    await home.stop();
    // Peeps registers the event's schema.
    home = await start(["peeps"]);
    await until("the schema is there", async () => (await print("log", "schemas", "list")).includes("person.added"));
    const retried = await runCommand(directory, "log", "retry", "--group", "kafka-ingest");
    assert.equal(retried.code, 0, retried.printed);
    const [entered] = await until("the event has entered", async () => {
      const { items } = await home.api.listEvents({ types: ["person.added"] });
      return items.length > 0 && items;
    });
    assert.deepEqual(
      [entered!.source, entered!.labels],
      ["shop", ["aud:main", "src:import:kafka:orders", "trust:untrusted"]],
    );
    assert.equal((await home.api.getStatus({})).kafka?.readers[0]?.deadLetterCount, 0);
  },
);
