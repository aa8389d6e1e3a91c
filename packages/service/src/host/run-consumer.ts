/** Keeps a consumer reading until its service stops: on wake-ups, and when its process is told that something is due. */
import { RoostError, sleepUntilAborted, type Clock } from "@roost/base";
import { groupsChannel, type Wakeups } from "@roost/kernel";
import type { Sql } from "@roost/database";
import type { Consumer } from "../service.ts";
import { attemptsMaxOf, consumeOnce, type ConsumeOptions } from "./consume.ts";

export interface RunConsumerOptions extends ConsumeOptions {
  /** Connected as the role of the service. */
  connection: Sql;
  wakeups: Pick<Wakeups, "subscribe">;
}

export interface RunningConsumer {
  readonly name: string;
  /** It has something to do. */
  wake(): void;
  readonly ended: Promise<void>;
}

/** Declares a consumer and keeps it reading. It sends no statement while it is not woken. */
export async function runConsumer(consumer: Consumer, options: RunConsumerOptions): Promise<RunningConsumer> {
  const { connection, wakeups, logger, signal } = options;
  const { name, types, pinsRetention = false } = consumer;
  await connection.query("select service.declare_consumer_1($1, $2, $3, $4)", [
    name,
    attemptsMaxOf(consumer),
    types,
    pinsRetention,
  ]);
  const ends = await connection.query<{ topic: string }>("select topic from service.ends_1($1)", [types]);
  const channels = [groupsChannel, ...new Set(ends.map(({ topic }) => `log:${topic}`))];
  const due = createTurnstile(signal);
  const read = async () => {
    using subscriptions = new DisposableStack();
    for (const channel of channels) subscriptions.use(wakeups.subscribe(channel, due.open));
    while (!signal.aborted) {
      const look = await consumeOnce(consumer, options).catch((error: unknown) => {
        if (!signal.aborted) logger.warn("a pass of a service's consumer failed", { consumer: name, error });
        return { isMore: false };
      });
      if (!look.isMore) await due.pass();
    }
  };
  return { name, wake: due.open, ended: read() };
}

/** Lets one waiter pass each time it was opened; once the signal is aborted it stands open. */
function createTurnstile(signal: AbortSignal) {
  let isOpen = false;
  let onOpen: (() => void) | undefined;
  const open = () => {
    isOpen = true;
    onOpen?.();
  };
  signal.addEventListener("abort", open, { once: true });
  return {
    open,
    async pass() {
      if (!isOpen && !signal.aborted) await new Promise<void>((resolve) => (onOpen = resolve));
      isOpen = false;
    },
  };
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
