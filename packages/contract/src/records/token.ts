/** Access tokens as callers see them. Their texts are in none of these. */
import { z } from "zod";
import { Count, Id, Name, SmallCount, Time, Usd } from "./fields.ts";

/** That a person makes by hand; devices come by a code as well. */
export const madeTokenKinds = ["client", "device", "script"] as const;
export type MadeTokenKind = (typeof madeTokenKinds)[number];
export const tokenKinds = [...madeTokenKinds, "host"] as const;

/** Letters, digits and what names in addresses have: it stands in logs and in commands. */
export const TokenName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be 1 to 63 lower-case letters, digits, dots, - or _");

export const Scope = z
  .string()
  .max(100)
  .regex(
    /^(?:[*]|main|[a-z][a-z0-9.-]*(?:[.][*])?:(?:[*]|[a-z]+)|[*]:[a-z]+)$/,
    "must be a scope: *, main, an area and a verb like models:call, runs:read or runs:*",
  );

export const ModelPattern = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9._:/@+*-]+$/, "must be a model's name; * stands for any characters");

const TokenCap = z.object({ usdMax: Usd.optional(), tokensMax: Count.optional(), callsMax: SmallCount.optional() });
export const tokenWindows = ["hour", "day", "month", "total"] as const;
export const TokenCaps = z
  .object({
    hour: TokenCap.optional(),
    day: TokenCap.optional(),
    month: TokenCap.optional(),
    total: TokenCap.optional(),
  })
  .meta({ id: "TokenCaps", description: "Caps of a token's calls of models, in money, tokens and calls" });

export const Token = z
  .object({
    id: Id,
    name: Name,
    kind: z.enum(tokenKinds),
    ending: z.string().max(16).describe("Its last characters"),
    scopes: z.array(z.string().max(100)).max(100),
    models: z.array(z.string().max(200)).max(100).nullable().describe("Models that it may call; null: all"),
    caps: TokenCaps,
    spent: z
      .array(z.object({ window: z.enum(tokenWindows), costUsd: Usd, tokens: Count, calls: Count }))
      .max(4)
      .describe("In the current hour, day and month, and in total"),
    createdBy: Name,
    createdAt: Time,
    lastSeenAt: Time.nullable(),
    revokedAt: Time.nullable(),
  })
  .meta({ id: "Token" });
export type TokenRecord = z.output<typeof Token>;
