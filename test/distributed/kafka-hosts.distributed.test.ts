/** Relays on hosts of their own whose links to Kafka are cut, slow and lossy: the other one goes on, once and in order. */
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { readKafkaStatus } from "../../packages/kafka/src/read-kafka-status.ts";
import { openHosts } from "../infra/open-hosts.ts";
import { requirePart } from "../infra/parts.ts";
import { openKafkaWorld } from "./kafka-world.ts";

const needed = await Promise.all([requirePart("hosts"), requirePart("kafka")]);
const skip = needed.map((part) => part.skip).find((reason) => reason !== false) ?? false;

test(
  "A relay that is cut off from Kafka gives its partitions to another, and what it had on its way acts once; a slow and lossy link keeps order",
  { skip },
  async () => {
    await using network = await openHosts(2);
    const [first, second] = network.hosts;
    await using world = await openKafkaWorld({ address: network.address });
    await world.startRelay(first);
    const consumer = world.startConsumer();
    await world.append(100);
    await world.untilAllTaken();

    let isCut = false;
    const load = (async () => {
      while (!isCut) await world.append(200);
    })();
    await until("something more is shipped", async () => (await world.effects()).length > 600);
    await first!.cut();
    isCut = true;
    await load;
    await until("the lag is reported with its reason", async () => {
      const { relay } = (await readKafkaStatus(world.database))!;
      return relay.lagCount > 0 && relay.lagMs !== null && relay.error !== null;
    });
    await world.startRelay(second);
    await world.untilAllTaken();
    // What waits in the first one's connections arrives late.
    await first!.mend();
    await world.append(200);
    await world.untilAllTaken();

    for (const host of network.hosts) await host.worsen({ lossShare: 0.03, kilobitsPerSecond: 2_000 });
    await world.append(600);
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    await until("the lag is gone", async () => {
      const { relay } = (await readKafkaStatus(world.database))!;
      return relay.lagCount === 0 && relay.error === null;
    });
    await consumer.stop();
  },
);
