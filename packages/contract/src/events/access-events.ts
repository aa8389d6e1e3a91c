/** Topic `access`: who may enter. The subject is the id of the token, pairing or hook, or the name of the channel or host. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { hookForms } from "../records/hook.ts";
import { tokenKinds } from "../records/token.ts";
import { peerStandings } from "../records/channel.ts";
import { Id, Name, Reason } from "../records/fields.ts";

const topic = "access";
const subject = "token id";
const version = 1;
const token = { tokenId: Id, name: Name, kind: z.enum(tokenKinds), by: Name };

export const tokenCreated = defineEvent({
  type: "token.created",
  version,
  topic,
  subject,
  schema: z.object({
    ...token,
    scopes: z.array(z.string().max(100)).max(100),
    models: z.array(z.string().max(200)).max(100).optional(),
  }),
});

export const tokenRevoked = defineEvent({
  type: "token.revoked",
  version,
  topic,
  subject,
  schema: z.object(token),
});

const pairing = {
  pairingId: Id,
  purpose: Name.describe("device, host, or channel:<name>"),
  name: Name.optional(),
};

export const pairingCreated = defineEvent({
  type: "pairing.created",
  version,
  topic,
  subject: "pairing id",
  schema: z.object({ ...pairing, scopes: z.array(z.string().max(100)).max(100), by: Name }),
});

export const pairingUsed = defineEvent({
  type: "pairing.used",
  version,
  topic,
  subject: "pairing id",
  schema: z.object(pairing),
});

export const pairingVoided = defineEvent({
  type: "pairing.voided",
  version,
  topic,
  subject: "pairing id",
  schema: z.object({ ...pairing, reason: Reason }),
});

const host = { tokenId: Id, name: Name, version: Name };

export const hostJoined = defineEvent({
  type: "host.joined",
  version,
  topic,
  subject,
  schema: z.object({ ...host, pairingId: Id }),
});

/** It says that it has another version than before. */
export const hostChanged = defineEvent({
  type: "host.changed",
  version,
  topic,
  subject,
  schema: z.object({ ...host, isDrained: z.boolean() }),
});

const drained = { version, topic, subject: "host", schema: z.object({ name: Name, by: Name }) };

/** Its workers take no new runs. */
export const hostDrained = defineEvent({ type: "host.drained", ...drained });
export const hostUndrained = defineEvent({ type: "host.undrained", ...drained });

/** A user of a channel: bound as the person, allowed as a guest, refused again. */
export const peerChanged = defineEvent({
  type: "peer.changed",
  version,
  topic,
  subject: "channel",
  schema: z.object({
    channel: Name,
    peerId: Name.describe("As the channel knows the user or group"),
    peerName: Name.nullable(),
    standing: z.enum(peerStandings),
    by: Name,
  }),
});

const hook = { hookId: Id, name: Name, by: Name };
const hookSubject = "hook id";

export const hookAdded = defineEvent({
  type: "hook.added",
  version,
  topic,
  subject: hookSubject,
  schema: z.object({ ...hook, form: z.enum(hookForms) }),
});

export const hookRotated = defineEvent({
  type: "hook.rotated",
  version,
  topic,
  subject: hookSubject,
  schema: z.object(hook),
});

export const hookRemoved = defineEvent({
  type: "hook.removed",
  version,
  topic,
  subject: hookSubject,
  schema: z.object(hook),
});

export const accessEvents = [
  tokenCreated,
  tokenRevoked,
  pairingCreated,
  pairingUsed,
  pairingVoided,
  hostJoined,
  hostChanged,
  hostDrained,
  hostUndrained,
  peerChanged,
  hookAdded,
  hookRotated,
  hookRemoved,
] as const;
