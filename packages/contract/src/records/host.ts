/** Hosts of the home: machines that were brought in by a code, and those on which its processes run. */
import { z } from "zod";
import { Name, Time } from "./fields.ts";

/** What a host that keeps the files may do when nothing else is said. */
export const hostScopes = [
  "files:read",
  "files:write",
  "hosts:read",
  "hosts:write",
  "runs:read",
  "status:read",
] as const;

export const Host = z
  .object({
    name: Name,
    isJoined: z.boolean().describe("By a code; false: processes of the home run there"),
    version: Name.nullable(),
    isOtherVersion: z
      .boolean()
      .describe("Of another minor version than the gateway: it keeps what it has and takes nothing further"),
    skewMs: z.number().int().nullable().describe("How far its clock is ahead of the home's; negative: behind"),
    doing: z.array(Name).max(100).describe("What it runs"),
    scopes: z.array(z.string().max(100)).max(100),
    joinedAt: Time.nullable(),
    lastSeenAt: Time.nullable(),
  })
  .meta({ id: "Host" });
export type HostRecord = z.output<typeof Host>;
