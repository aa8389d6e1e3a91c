/** Who may enter: access tokens, codes that pair, and those who write in chat channels. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { madeTokenKinds, ModelPattern, Scope, Token, TokenCaps, tokenKinds, TokenName } from "../records/token.ts";
import { Channel, ChannelName, Peer } from "../records/channel.ts";
import { Name, pageFields, pageOf, Time } from "../records/fields.ts";

/** A token gives no tokens: who holds one could keep access after it was revoked. */
const access = { audience: ["owner", "device"] } as const;

export const listTokens = defineOperation({
  id: "listTokens",
  method: "GET",
  path: "/tokens",
  summary: "Access tokens of programs, devices and scripts, by name",
  input: z.object({
    ...pageFields,
    kind: z.enum(tokenKinds).optional(),
    withRevoked: z.boolean().default(false).describe("Also those that were revoked"),
  }),
  output: pageOf(Token),
  effect: "readonly",
  access,
});

export const createToken = defineOperation({
  id: "createToken",
  method: "POST",
  path: "/tokens",
  summary: "Makes an access token, whose text is told once",
  input: z.object({
    name: TokenName,
    kind: z.enum(madeTokenKinds).default("client"),
    scopes: z.array(Scope).min(1).max(100).default(["models:call", "agents:call"]),
    models: z.array(ModelPattern).min(1).max(100).optional().describe("Models that it may call; default: all"),
    caps: TokenCaps.optional(),
  }),
  output: z.object({ token: Token, text: z.string().max(200).describe("What the program sends as its API key") }),
  errors: ["conflict", "forbidden", "limit_exceeded"],
  effect: "queryable",
  query: listTokens,
  answersSecret: true,
  access: { audience: ["owner"] },
});

export const revokeToken = defineOperation({
  id: "revokeToken",
  method: "DELETE",
  path: "/tokens/{token}",
  summary: "Revokes an access token, by id or name",
  description:
    "For a host that runs processes of the home, whose logins it ends, ask the gateway on the home's own machine.",
  input: z.object({ token: z.string().min(1).max(100) }),
  output: z.object({ token: Token }),
  errors: ["not_found"],
  effect: "idempotent",
  access,
});

export const createPairing = defineOperation({
  id: "createPairing",
  method: "POST",
  path: "/pairings",
  summary: "Makes a code that makes a device, a host, or a chat of a channel, the person's: once, within five minutes",
  description:
    "For a host that runs processes of the home, whose logins it makes, ask the gateway on the home's own machine.",
  input: z.object({
    channel: ChannelName.optional().describe("Left out: for a device or a host"),
    kind: z.enum(["device", "host"]).default("device").describe("What the code makes; of a channel it is a chat"),
    name: TokenName.max(50).optional().describe("Of the device or host. Default: phone, or what the host is called"),
    scopes: z
      .array(Scope)
      .min(1)
      .max(100)
      .optional()
      .describe("What it may do. Default: all for a device; for a host what a copy of the files takes"),
  }),
  output: z.object({
    code: z.string().max(20),
    expiresAt: Time,
    links: z.array(z.string().max(400)).max(20).describe("Where a device brings it, with the code in the fragment"),
  }),
  errors: ["forbidden", "limit_exceeded", "not_found"],
  effect: "unsafe",
  answersSecret: true,
  access: { audience: ["owner"] },
});

export const listChannels = defineOperation({
  id: "listChannels",
  method: "GET",
  path: "/channels",
  summary: "Chat channels, whether they work, and whose chat is the person's",
  input: z.object(pageFields),
  output: pageOf(Channel),
  effect: "readonly",
  access,
});

export const listPeers = defineOperation({
  id: "listPeers",
  method: "GET",
  path: "/channels/{channel}/peers",
  summary: "Who has written in a channel: the person, guests, and those who were refused, by id",
  input: z.object({ ...pageFields, channel: ChannelName }),
  output: pageOf(Peer),
  effect: "readonly",
  access,
});

export const changePeer = defineOperation({
  id: "changePeer",
  method: "POST",
  path: "/channels/{channel}/peers/change",
  summary: "Allows one who has written to write as a guest, or refuses them",
  input: z.object({
    channel: ChannelName,
    peer: Name.describe("Its id, or its name or title there"),
    standing: z.enum(["guest", "refused"]),
  }),
  output: z.object({ peer: Peer }),
  errors: ["conflict", "not_found"],
  effect: "idempotent",
  access,
});

export const accessOperations = [
  listTokens,
  createToken,
  revokeToken,
  createPairing,
  listChannels,
  listPeers,
  changePeer,
] as const;
