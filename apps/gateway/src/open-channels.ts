/** The channels that the settings have, with secrets by reference. */
import { createTelegram, deliverToOwner, prepareChannels, runChannel, type Room } from "@roost/channels";
import type { Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import type { Outlet } from "./notices/create-notice-loop.ts";

export interface OpenedChannels {
  names: string[];
  /** For notices that go there. */
  outlets: Outlet[];
  /** Until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export async function openChannels(memory: Memory, env: Record<string, string | undefined>): Promise<OpenedChannels> {
  const { kernel, settings, homeDir, timeZone } = memory;
  await prepareChannels(kernel);
  const { telegram } = settings.channels;
  const rooms: Room[] = [];
  if (telegram !== undefined) {
    const token = () => resolveSecret(telegram.token, { homeDir, env });
    rooms.push({ kernel, memory, channel: createTelegram({ token, apiUrl: telegram.apiUrl }) });
  }
  const room = rooms[0];
  const isDefault = settings.notify.webhook === undefined;
  const send: Outlet["send"] = room && (({ text }, { idempotencyKey: key }) => deliverToOwner(room, { key, text }));
  return {
    names: rooms.map(({ channel }) => channel.name),
    outlets: [{ target: "telegram", name: "Telegram", isDefault: isDefault && room !== undefined, send }],
    async run(signal) {
      await Promise.all(rooms.map((each) => runChannel(each, { signal, timeZone })));
    },
  };
}
