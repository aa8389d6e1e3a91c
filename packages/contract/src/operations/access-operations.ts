/** Access tokens: list, create, revoke. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { ModelPattern, Scope, Token, TokenCaps, tokenKinds, TokenName } from "../records/token.ts";
import { pageFields, pageOf } from "../records/fields.ts";

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
    kind: z.enum(tokenKinds).default("client"),
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
  input: z.object({ token: z.string().min(1).max(100) }),
  output: z.object({ token: Token }),
  errors: ["not_found"],
  effect: "idempotent",
  access,
});

export const accessOperations = [listTokens, createToken, revokeToken] as const;
