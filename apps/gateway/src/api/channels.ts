/** Chat channels: which there are, who writes there, and the code that binds the person's chat. */
import { createPairing, devicePurpose, hostPurpose } from "@roost/access";
import { changeStanding, findOwner, listPeers, readChannelRow, type KnownPeer } from "@roost/channels";
import { RoostError } from "@roost/base";
import { placeOf, readPage, serve, textPlace, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { migrateKafka } from "@roost/kafka/status";
import type { Memory } from "@roost/memory";
import { needsOfHost, type HostPlace } from "../security/host-place.ts";
import { requireScopes } from "./access.ts";
import { isoOrNull } from "../records/iso.ts";

export interface ServeChannelsOptions {
  memory: Memory;
  hostPlace: HostPlace;
  /** Names of those that the settings have. */
  channels: () => readonly string[];
  /** Under which others reach the gateway, the best first. */
  addresses: () => readonly string[];
}

export function serveChannels({ memory, hostPlace, channels, addresses }: ServeChannelsOptions): Served[] {
  const { kernel } = memory;
  const isOn = (name: string) => channels().includes(name);
  const toRecord = async (name: string): Promise<operations.ChannelRecord> => {
    const [row, owner] = await Promise.all([readChannelRow(kernel, name), findOwner(kernel, name)]);
    const problem = isOn(name) ? (row?.problem ?? null) : `roost channels add ${name} switches it on`;
    return {
      name,
      account: row?.accountName ?? null,
      state: !isOn(name) ? "off" : problem === null ? "running" : "failing",
      reason: problem,
      boundTo: owner === undefined ? null : (owner.title ?? owner.name ?? owner.id),
      seenAt: isoOrNull(row?.seenAt ?? null),
    };
  };
  return [
    // There are few: one page has them.
    serve(operations.listChannels, async () => toPage(await Promise.all(operations.channelNames.map(toRecord)), null)),

    serve(operations.listPeers, async ({ channel, limit, after }) => {
      const { rows, next } = await readPage(
        limit,
        (most) => listPeers(kernel, channel, { after: placeOf(textPlace, after), limit: most }),
        ({ id }) => id,
      );
      return toPage(rows.map(toPeerRecord), next);
    }),

    serve(operations.changePeer, async ({ channel, peer, standing }, { principal }) => ({
      peer: toPeerRecord(await changeStanding(kernel, channel, { peer, standing, by: principal.id })),
    })),

    serve(operations.createPairing, async ({ channel, kind, name, scopes: wished }, { principal }) => {
      const isHost = kind === "host";
      const scopes = wished ?? (isHost ? [...operations.hostScopes] : ["*"]);
      if (channel !== undefined && !isOn(channel))
        throw new RoostError("not_found", `the channel ${channel} is not on: roost channels add ${channel} first`);
      requireScopes(principal, scopes);
      const roles = isHost ? operations.rolesOf(scopes) : undefined;
      // What cannot run there is said before it is brought in.
      if (roles !== undefined) await needsOfHost(hostPlace, { roles, settings: memory.settings, sql: kernel.database });
      if (roles?.relay === true) await migrateKafka(kernel.database);
      const paired = {
        purpose: isHost ? hostPurpose : devicePurpose,
        name: name ?? (isHost ? undefined : "phone"),
        scopes,
      };
      const given = channel === undefined ? paired : { purpose: `channel:${channel}` };
      const { code, pairing } = await createPairing(kernel, { ...given, by: principal.id });
      const bring = (address: string) => (isHost ? address : `${address}/pair#${code}`);
      const links = channel === undefined ? addresses().map(bring) : [];
      return { code, expiresAt: pairing.expiresAt.toISOString(), links };
    }),
  ];
}

function toPeerRecord({ seenAt, ...peer }: KnownPeer): operations.PeerRecord {
  return { ...peer, seenAt: isoOrNull(seenAt) };
}
