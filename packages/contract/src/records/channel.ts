/** Chat channels as callers see them: who writes there, and as whom. */
import { z } from "zod";
import { Count, Name, Reason, Time } from "./fields.ts";

export const channelNames = ["telegram"] as const;
export const ChannelName = z.enum(channelNames);

/** owner: the person. guest: a conversation of its own, without anything private. refused: what is written is dropped. */
export const peerStandings = ["owner", "guest", "refused"] as const;

export const Peer = z
  .object({
    id: Name.describe("As the channel knows it"),
    name: Name.nullable().describe("Its name there, which its owner may change"),
    title: Name.nullable(),
    kind: z.enum(["user", "group"]),
    standing: z.enum(peerStandings),
    refusedCount: Count.describe("Messages that were dropped"),
    changedBy: Name.nullable(),
    seenAt: Time.nullable(),
  })
  .meta({ id: "Peer", description: "A user or group that has written in a channel" });
export type PeerRecord = z.output<typeof Peer>;

export const Channel = z
  .object({
    name: Name,
    account: Name.nullable().describe("Roost's own name there; null: not known yet"),
    state: z.enum(["running", "failing", "off"]),
    reason: Reason.nullable().describe("Why it fails, or what to do to switch it on"),
    boundTo: Name.nullable().describe("Whose private chat is the person's"),
    seenAt: Time.nullable().describe("When something last came from there"),
  })
  .meta({ id: "Channel" });
export type ChannelRecord = z.output<typeof Channel>;
