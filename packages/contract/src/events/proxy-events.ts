/** Topic `proxy`: calls of models that the front door passed on, many in one event. The subject is who called. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Name, Time, Usd, WholeMs } from "../records/fields.ts";

export const proxyCallsMax = 200;

const ProxyCall = z.object({
  at: Time,
  path: z.string().max(100),
  model: z.string().max(200).describe("As it was asked for"),
  provider: z.string().max(63).optional().describe("Which answered last"),
  status: Count,
  attempts: Count,
  ms: WholeMs,
  firstByteMs: WholeMs.optional(),
  inputTokens: Count,
  cachedTokens: Count.optional().describe("The part of `inputTokens` from the provider's cache"),
  outputTokens: Count,
  costUsd: Usd.nullable(),
  savedUsd: Usd.optional().describe("What the provider's cache saved, where its price is known"),
  isEstimated: z.boolean().optional().describe("The answer told no usage: counted by Roost"),
  isCached: z.boolean().optional().describe("Answered by Roost from an answer that it had kept"),
  isCut: z.boolean().optional().describe("The client left, or the upstream broke off"),
});

export const proxyCalled = defineEvent({
  type: "proxy.called",
  version: 2,
  topic: "proxy",
  subject: "token id",
  schema: z.object({ by: Name, calls: z.array(ProxyCall).max(proxyCallsMax) }),
});

export const proxyEvents = [proxyCalled] as const;
