/** Brokers and relays on hosts of their own whose links are cut, slow and lossy: others go on, once and in order. */
import { test } from "node:test";
import { sleepUntilAborted } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openPlainClients } from "../../packages/kafka/src/testing/open-plain-clients.ts";
import { openHosts, type Host } from "../infra/open-hosts.ts";
import { openSlowLink, type SlowLink } from "../infra/open-slow-link.ts";
import { requirePart } from "../infra/parts.ts";
import { openKafkaWorld, type KafkaWorld } from "./kafka-world.ts";

const needed = await Promise.all([requirePart("hosts"), requirePart("kafka")]);
const skip = needed.map((part) => part.skip).find((reason) => reason !== false) ?? false;

test(
  "A relay that is cut off from Kafka gives its partitions to another, and what it had on its way acts once; a slow and lossy link keeps order",
  { skip },
  async () => {
    await using network = await openHosts(2);
    const [first, second] = network.hosts;
    const { address } = network;
    await using links = new AsyncDisposableStack();
    const slow: SlowLink[] = [];
    await using world = await openKafkaWorld({
      address,
      async through(to) {
        slow.push(links.use(await openSlowLink({ to, address })));
        return `${address}:${slow.at(-1)!.port}`;
      },
    });
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
    await world.untilLagIsTold();
    await world.startRelay(second);
    await world.untilAllTaken();
    // What waits in the first one's connections arrives late.
    await first!.mend();
    await world.append(200);
    await world.untilAllTaken();

    for (const host of network.hosts) await host.worsen({ lossShare: 0.03, kilobitsPerSecond: 2_000 });
    for (const link of slow) link.delayMs = delayMs;
    await world.append(600);
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    await world.untilLagIsGone();
    await consumer.stop();
  },
);

test(
  "A broker that is cut off from the others, then a relay from one broker, under load: others lead and ship, everything acts once and in order",
  { skip },
  async (t) => {
    await using network = await openHosts(5);
    const [one, two, three, first, second] = network.hosts as [Host, Host, Host, Host, Host];
    const brokers = [one, two, three];
    await using world = await openKafkaWorld({ brokers: 3, hosts: brokers });
    await world.startRelay(first);
    const consumer = world.startConsumer();
    await world.append(100);
    await world.untilAllTaken();
    await using load = appendSteadily(world);

    const cutMs = performance.now();
    // Clients reach it as before, and it takes itself for the leader that it was.
    await one.cutFrom([two, three]);
    await world.append(200);
    await world.untilAllTaken();
    t.diagnostic(
      `one of three brokers cut off from the others: ${sinceMs(cutMs)} ms until 200 further events took effect`,
    );
    await one.mend();

    const leader = brokers[(await leaderOf(world, { known: [two, three] })) - 1]!;
    const awayMs = performance.now();
    await first.cutFrom([leader]);
    await world.untilLagIsTold();
    await world.startRelay(second);
    await world.append(200);
    await world.untilAllTaken();
    t.diagnostic(`a relay cut off from the leader of a partition: ${sinceMs(awayMs)} ms until another had shipped all`);
    await first.mend();
    await load.stop();
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    await world.untilLagIsGone();
    await consumer.stop();
  },
);

const delayMs = 40;
const sinceMs = (startedMs: number) => Math.round(performance.now() - startedMs);

/** Of the first partition, by what these know. */
async function leaderOf({ settings }: KafkaWorld, { known }: { known: readonly Host[] }): Promise<number> {
  const bootstrapBrokers = settings.brokers.filter((broker) =>
    known.some(({ address }) => broker.startsWith(`${address}:`)),
  );
  await using plain = openPlainClients(bootstrapBrokers);
  const topic = `${settings.topicPrefix}notes`;
  return (await plain.admin.metadata({ topics: [topic] })).topics.get(topic)!.partitions[0]!.leader;
}

/** A few events at a time, until it is stopped. */
function appendSteadily(world: KafkaWorld) {
  const stop = new AbortController();
  const appending = (async () => {
    while (!stop.signal.aborted) {
      await world.append(5);
      await sleepUntilAborted(50, { signal: stop.signal });
    }
  })();
  const end = async () => {
    stop.abort();
    await appending;
  };
  return { stop: end, [Symbol.asyncDispose]: end };
}
