/** A home whose channel is Telegram on a local Bot API. The test plays the worker: it claims runs, and ends them with an answer. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessSchema, createPairing, openAccess } from "@roost/access";
import { approvalsSchema } from "@roost/approvals";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { InboxEntryRecord } from "@roost/contract/operations";
import { finishRun, publishStream, type Kernel } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "@roost/kernel/testing";
import { claimOne, joinWorker } from "@roost/kernel/testing/drive-runs";
import { memorySchema, openMemory, type Memory } from "@roost/memory";
import type { Channel } from "../channel.ts";
import { findSentKey } from "../outgoing/send-once.ts";
import { channelsSchema, prepareChannels, type Room } from "../room.ts";
import { runChannel } from "../run-channel.ts";
import { startBotApi, type BotApiServer } from "./start-bot-api.ts";
import type { ShownMessage } from "./channel-world.ts";

export interface ChannelHome extends AsyncDisposable {
  kernel: Kernel;
  memory: Memory;
  test: TestKernel;
  server: BotApiServer;
  room: Room;
  /** What waits for the person. */
  inbox: InboxEntryRecord[];
  /** Runs the channel as a gateway does, until it is stopped. */
  start(options?: { kernel?: Kernel; channel?: Channel }): { stop(): Promise<void> };
  /** Binds a chat as its person would. */
  bind(chat: string): Promise<void>;
  /** Claims the next run as a worker and ends it; meanwhile it writes. */
  answer(text: string, options?: { writes?: readonly string[]; meanwhile?: () => Promise<void> }): Promise<void>;
  claim(): ReturnType<typeof claimOne>;
  shown(chat: string): string[];
  /** The last message that begins so, once it is known here that it was sent: what is said to it before means no question. */
  sent(chat: string, beginning: string): Promise<ShownMessage>;
}

const rooms = [approvalsSchema, memorySchema, accessSchema, channelsSchema];

export async function openChannelHome(): Promise<ChannelHome> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-channel-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const test = opened.use(await createTestKernel({ rooms }));
  const { kernel } = test;
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  await openAccess(kernel, { logger: silentLogger });
  await prepareChannels(kernel);
  const server = opened.use(await startBotApi());
  const worker = opened.use(await joinWorker(kernel));
  const running = new Set<() => Promise<void>>();
  opened.defer(async () => void (await Promise.all([...running].map((stop) => stop()))));
  const inbox: InboxEntryRecord[] = [];
  const readInbox = async (limit: number) => ({ items: inbox.slice(0, limit), isMore: inbox.length > limit });
  const room = { kernel, memory, channel: server.open(), readInbox };
  const shown = (chat: string) => server.shown(chat).map(({ text }) => text);
  const sent = async (chat: string, beginning: string) => {
    const find = () => server.shown(chat).findLast(({ text }) => text.startsWith(beginning));
    await until(async () => {
      const ref = find()?.ref;
      return ref !== undefined && (await findSentKey(room, { chat, ref })) !== undefined;
    });
    return find()!;
  };
  const claim = async () => {
    await until(async () => (await kernel.database.query("select 1 from roost.run where state = 'ready'")).length > 0);
    return claimOne(kernel, worker);
  };
  const owned = opened.move();
  return {
    inbox,
    kernel,
    memory,
    test,
    server,
    room,
    start({ kernel: on = kernel, channel = server.open() } = {}) {
      const stopped = new AbortController();
      const going = runChannel(
        { ...room, kernel: on, channel },
        { signal: stopped.signal, timeZone: "UTC", leaseMs: 1_000 },
      );
      const stop = async () => {
        stopped.abort();
        await going;
        running.delete(stop);
      };
      running.add(stop);
      return { stop };
    },
    async bind(chat) {
      const { code } = await createPairing(kernel, { purpose: "channel:telegram", by: "person:owner" });
      server.say({ chat, text: code });
      await until(() => shown(chat).some((text) => text.startsWith("This chat is yours")));
    },
    async answer(text, { writes = [], meanwhile } = {}) {
      const { owned: run, id } = await claim();
      for (const part of writes) publishStream(kernel, id, { type: "text", step: "1", text: part });
      await meanwhile?.();
      await finishRun(kernel, run, { state: "done", output: { kind: "reply", text } });
    },
    claim,
    shown,
    sent,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
