/** The channels that the settings have, with secrets by reference. Which those are may change while the gateway runs. */
import { isDeepStrictEqual } from "node:util";
import { createTelegram, deliverToOwner, prepareChannels, runChannel, type Room } from "@roost/channels";
import type { Memory } from "@roost/memory";
import { resolveSecret, type Settings } from "@roost/memory/settings";
import { readInbox } from "./api/inbox.ts";
import type { Outlet } from "./notices/create-notice-loop.ts";

export interface OpenedChannels {
  /** Of those that are on. */
  names(): readonly string[];
  /** For notices that go there. */
  outlets: Outlet[];
  /** Until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends those that the settings have no more, and begins those that are new or changed. */
  apply(channels: Settings["channels"]): Promise<void>;
}

interface Running {
  stop: AbortController;
  going: Promise<void>;
}

export async function openChannels(memory: Memory, env: Record<string, string | undefined>): Promise<OpenedChannels> {
  const { kernel, settings, homeDir, timeZone } = memory;
  await prepareChannels(kernel);
  const openRoom = ({ telegram }: Settings["channels"]): Room | undefined => {
    if (telegram === undefined) return undefined;
    const token = () => resolveSecret(telegram.token, { homeDir, env });
    return {
      kernel,
      memory,
      readInbox: (limit) => readInbox(memory, limit, { withClaims: true }),
      channel: createTelegram({ token, apiUrl: telegram.apiUrl }),
    };
  };
  let given = settings.channels;
  let room = openRoom(given);
  let running: Running | undefined;
  /** While the gateway runs them. */
  let signal: AbortSignal | undefined;

  const begin = () => {
    if (room === undefined || signal === undefined || signal.aborted) return;
    const stop = new AbortController();
    const going = runChannel(room, { signal: AbortSignal.any([signal, stop.signal]), timeZone });
    running = { stop, going };
  };
  const end = async () => {
    running?.stop.abort();
    await running?.going;
    running = undefined;
  };
  const telegram: Outlet = {
    target: "telegram",
    name: "Telegram",
    isDefault: () => room !== undefined && settings.notify.webhook === undefined,
    get send(): Outlet["send"] {
      const to = room;
      return to && (({ text }, { idempotencyKey: key }) => deliverToOwner(to, { key, text }));
    },
  };
  return {
    names: () => (room === undefined ? [] : [room.channel.name]),
    outlets: [telegram],
    async run(until) {
      signal = until;
      begin();
      await new Promise<void>((resolve) => {
        if (until.aborted) resolve();
        until.addEventListener("abort", () => resolve(), { once: true });
      });
      await running?.going;
    },
    async apply(channels) {
      if (isDeepStrictEqual(channels, given)) return;
      given = channels;
      await end();
      room = openRoom(channels);
      begin();
    },
  };
}
