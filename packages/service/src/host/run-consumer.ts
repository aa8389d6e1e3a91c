/** Keeps a consumer reading until its service stops: on wake-ups, and by polling in case one is lost. */
import { RoostError, sleepUntilAborted, type Clock } from "@roost/base";
import type { Database } from "@roost/database";
import { groupsChannel, type Wakeups } from "@roost/kernel";
import type { Consumer } from "../service.ts";
import { attemptsMaxOf, consumeOnce, type ConsumeOptions } from "./consume.ts";

export interface RunConsumerOptions extends ConsumeOptions {
  /** Connected as the role of the service. */
  connection: Database;
  wakeups: Pick<Wakeups, "watch">;
  pollMs: number;
}

export async function runConsumer(consumer: Consumer, options: RunConsumerOptions): Promise<void> {
  const { connection, wakeups, logger, signal, pollMs } = options;
  const ends = await connection.query<{ topic: string }>("select topic from service.ends_1($1)", [consumer.types]);
  const topics = new Set(ends.map(({ topic }) => topic));
  const { name, types, pinsRetention = false } = consumer;
  await connection.query("select service.declare_consumer_1($1, $2, $3, $4)", [
    name,
    attemptsMaxOf(consumer),
    types,
    pinsRetention,
  ]);
  using watch = wakeups.watch([groupsChannel, ...[...topics].map((topic) => `log:${topic}`)]);
  while (!signal.aborted) {
    const look = await consumeOnce(consumer, options).catch((error: unknown) => {
      if (!signal.aborted) logger.warn("a pass of a service's consumer failed", { consumer: consumer.name, error });
      return { isMore: false };
    });
    if (!look.isMore) await watch.next({ timeoutMs: pollMs, signal });
  }
}

/** How long to wait, and how soon a partition held by another instance is checked again. */
const catchUpMsMax = 60_000;
const busyMs = 20;

/** Resolves once it has read everything, together with other instances. @throws RoostError `timeout` */
export async function catchUp(consumer: Consumer, options: ConsumeOptions & { clock: Clock }): Promise<void> {
  const { signal, clock } = options;
  const untilMs = clock.nowMs() + catchUpMsMax;
  for (;;) {
    const { isMore, isBusy } = await consumeOnce(consumer, options);
    if (!isMore && !isBusy) return;
    if (signal.aborted || clock.nowMs() > untilMs)
      throw new RoostError(
        "timeout",
        `projection ${consumer.name} is not complete yet; it continues in the background`,
      );
    if (isBusy) await sleepUntilAborted(busyMs, { signal });
  }
}
