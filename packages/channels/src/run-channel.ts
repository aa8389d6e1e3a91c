/**
 * Runs a channel: of the processes of a home one polls it, under a lock that it renews; another takes over when it dies. Receiving, answering and
 * asking go on side by side, each after what the tables say, so a restart anywhere loses nothing.
 */
import { hostname } from "node:os";
import { backoffMs, RoostError, sleepUntilAborted, toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import {
  acquireLock,
  noteFailure,
  noteWell,
  raiseNotice,
  releaseLock,
  renewLock,
  type KernelTransaction,
} from "@roost/kernel";
import { SendFailed, type IncomingMessage, type Update } from "./channel.ts";
import { passOver, takeUpdate, type Taken } from "./incoming/take-update.ts";
import { createAnswers } from "./outgoing/create-answers.ts";
import { askQuestions } from "./outgoing/ask-questions.ts";
import { sweepSent } from "./outgoing/send-once.ts";
import { channelsWakeup, noteProblem, openChannelRow, type Room } from "./room.ts";

export interface RunChannelOptions {
  signal: AbortSignal;
  timeZone: string;
  /** Of the lock. Default: 30 s. */
  leaseMs?: number;
}

const leaseMsDefault = 30_000;
const lookMs = 5_000;
const failureBackoff = { firstMs: 1_000, maxMs: 5 * 60_000 };
/** An update that fails so often by itself is passed over. */
const attemptsMax = 5;
const toldFrom = 3;

/** Until aborted. A failure is told once and backed off; it never ends the others. */
export async function runChannel(room: Room, options: RunChannelOptions): Promise<void> {
  const { kernel, channel } = room;
  const { signal, leaseMs = leaseMsDefault } = options;
  const holder = `${hostname()}/${process.pid}/${kernel.createId().slice(-12)}`;
  const lock = { name: `channel:${channel.name}`, holder, ttlMs: leaseMs };
  while (!signal.aborted) {
    try {
      const answer = await acquireLock(kernel, { ...lock, waitMs: leaseMs, purpose: "polls the channel" }, { signal });
      if (!answer.acquired) continue;
      const lost = new AbortController();
      const held = AbortSignal.any([signal, lost.signal]);
      const renewing = renew(room, { ...lock, epoch: answer.epoch }, lost, held);
      try {
        await Promise.all([receiveAll(room, options, held), sendAll(room, held)]);
      } finally {
        lost.abort();
        await renewing;
        await releaseLock(kernel, { ...lock, epoch: answer.epoch }).catch(() => undefined);
      }
    } catch (error) {
      if (signal.aborted) return;
      kernel.logger.warn("a channel failed and is begun again", { channel: channel.name, error });
      await sleepUntilAborted(failureBackoff.firstMs, { signal });
    }
  }
}

async function renew(
  { kernel, channel }: Room,
  lock: { name: string; holder: string; epoch: number; ttlMs: number },
  lost: AbortController,
  signal: AbortSignal,
): Promise<void> {
  while (await sleepUntilAborted(lock.ttlMs / 3, { signal })) {
    const { isHeld } = await renewLock(kernel, lock).catch(() => ({ isHeld: false }));
    if (isHeld) continue;
    kernel.logger.warn("the lock of a channel was lost", { channel: channel.name });
    lost.abort();
  }
}

async function receiveAll(room: Room, { timeZone }: RunChannelOptions, signal: AbortSignal): Promise<void> {
  const { kernel, channel } = room;
  const failure = {
    what: `channel:${channel.name}`,
    name: `The channel ${channel.name}`,
    source: "channels",
    timeZone,
  };
  let place: string | null | undefined;
  let failureCount = 0;
  while (!signal.aborted) {
    try {
      if (place === undefined) {
        place = (await openChannelRow(room, await channel.whoAmI(signal))).place;
        await sweepSent(room);
      }
      const updates = await channel.receive({ after: place, signal });
      if (failureCount > 0) {
        await kernel.transact((tx) => noteWell(tx, failure));
        await noteProblem(room, null);
        failureCount = 0;
      }
      for (const taken of joinAlbums(updates)) place = await take(room, taken, { from: place, signal });
    } catch (error) {
      if (signal.aborted) return;
      failureCount += 1;
      // Another process may have moved it.
      place = undefined;
      const { message: reason } = toRoostError(error);
      kernel.logger.warn("a channel cannot be read", { channel: channel.name, failureCount, error });
      await noteProblem(room, clipText(reason, reasonCharsMax)).catch(() => undefined);
      const told = { ...failure, reason, toldFrom, target: "console" as const, next: "See roost channels" };
      await kernel.transact((tx) => noteFailure(tx, told)).catch(() => undefined);
      const waitMs =
        (error instanceof SendFailed ? error.retryAfterMs : undefined) ?? backoffMs(failureCount, failureBackoff);
      await sleepUntilAborted(waitMs, { signal });
    }
  }
}

/** One poisoned update stops only itself. */
async function take(room: Room, taken: Taken, taking: { from: string | null; signal: AbortSignal }): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await takeUpdate(room, taken, taking);
    } catch (thrown) {
      const error = toRoostError(thrown);
      if (taking.signal.aborted || error.code === "conflict") throw error;
      const isLast = attempt >= attemptsMax;
      if (!error.retryable && (error.code !== "internal" || isLast))
        return dropPoisoned(room, taken, { from: taking.from, error });
      if (isLast) throw error;
      await sleepUntilAborted(backoffMs(attempt, { firstMs: 200, maxMs: 5_000 }), { signal: taking.signal });
      if (taking.signal.aborted) throw new RoostError("timeout", "the channel was stopped", { cause: error });
    }
  }
}

async function dropPoisoned(
  room: Room,
  taken: Taken,
  { from, error }: { from: string | null; error: RoostError },
): Promise<string> {
  const { kernel, channel } = room;
  const reason = clipText(error.message, reasonCharsMax / 2);
  const text = `Something that came from ${channel.name} could not be taken and was passed over: ${reason}`;
  const tell = (tx: KernelTransaction) => raiseNotice(tx, { level: "warning", text, source: "channels" });
  const to = await passOver(room, taken, { from, tell });
  kernel.logger.error("an update was passed over", { channel: channel.name, place: to, error });
  return to;
}

/** Files that were sent together come as messages one after the other: they are one message. */
function joinAlbums(updates: readonly Update[]): Taken[] {
  const joined: Taken[] = [];
  for (const update of updates) {
    const last = joined.at(-1);
    const isSame = (one: IncomingMessage, other: IncomingMessage) =>
      one.album !== null &&
      one.album === other.album &&
      one.chat.id === other.chat.id &&
      one.sender?.id === other.sender?.id;
    if (update.kind === "message" && last?.update.kind === "message" && isSame(last.update, update))
      last.album.push(update);
    else joined.push({ update, album: [] });
  }
  return joined;
}

async function sendAll(room: Room, signal: AbortSignal): Promise<void> {
  const { kernel, channel } = room;
  const answers = createAnswers(room, { signal });
  using watch = kernel.wakeups.watch([channelsWakeup, "log:runs", "log:notices"]);
  try {
    while (!signal.aborted) {
      let untilMs = lookMs;
      try {
        const { atMs } = await answers.look();
        await askQuestions(room);
        if (atMs !== undefined) untilMs = Math.min(lookMs, Math.max(10, atMs - kernel.clock.nowMs()));
      } catch (error) {
        if (signal.aborted) return;
        kernel.logger.warn("messages of a channel could not be sent", { channel: channel.name, error });
        untilMs = (error instanceof SendFailed ? error.retryAfterMs : undefined) ?? lookMs;
        await sleepUntilAborted(untilMs, { signal });
        continue;
      }
      await watch.next({ timeoutMs: untilMs, signal });
    }
  } finally {
    await answers.close();
  }
}
