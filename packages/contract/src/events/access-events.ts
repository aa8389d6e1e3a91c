/** Topic `access`: who may enter. The subject is the token's id. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { tokenKinds } from "../records/token.ts";
import { Id, Name } from "../records/fields.ts";

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

export const accessEvents = [tokenCreated, tokenRevoked] as const;
