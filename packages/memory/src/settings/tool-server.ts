/** A server of tools (MCP), as a person declares it: how it is reached, and what its tools do. */
import { z } from "zod";
import { Duration } from "./duration.ts";

export const toolServersMax = 50;

const ToolOfServer = z.strictObject({
  effect: z
    .enum(["readonly", "idempotent", "unsafe"])
    .default("unsafe")
    .describe("What a repeat of a call may do; what the server itself says of it counts for nothing"),
  labels: z
    .array(z.string().max(200))
    .max(16)
    .default([])
    .describe("Audiences of what it gives, such as aud:domain:mail"),
  isOutside: z.boolean().default(true).describe("Calls leave the home: others may read what is in them"),
});

/** References to secrets, such as `env:NAME`, are looked up; any other text is itself. */
const SecretsByName = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/), z.string().max(4096)).default({});

export const ToolServer = z
  .strictObject({
    command: z.array(z.string().min(1).max(4096)).min(1).max(100).optional().describe("Its program and arguments"),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("Of a server that speaks HTTP"),
    env: SecretsByName.describe(
      "Its environment, beside PATH, HOME and a few more; values that refer to secrets (env:, file:, age:, op:) are looked up",
    ),
    headers: SecretsByName.describe(
      "Sent with each request; values that refer to secrets (env:, file:, age:, op:) are looked up",
    ),
    timeout: Duration.default(120_000).describe("Of one call. Default 2m"),
    tools: z
      .record(z.string().min(1).max(200), ToolOfServer)
      .default({})
      .describe("What its tools do, by name; others are unsafe and leave the home"),
  })
  .refine(({ command, url }) => (command === undefined) !== (url === undefined), "needs either a command or a url");

export type ToolServerSettings = z.output<typeof ToolServer>;
