/** Hosts of the home: machines that were brought in by a code, and those on which its processes run. */
import { z } from "zod";
import { Count, Name, Time } from "./fields.ts";

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
    isJoined: z.boolean().describe("By a code; false: it is one of the home's own"),
    version: Name.nullable().describe("The oldest of what runs there"),
    isOtherVersion: z
      .boolean()
      .describe("Of another minor version than the gateway: it keeps what it has and takes nothing further"),
    skewMs: z.number().int().nullable().describe("How far its clock is ahead of the home's; negative: behind"),
    drained: z
      .string()
      .max(300)
      .nullable()
      .describe("Why it takes no new work and only ends what it has; null: it takes work"),
    doing: z.array(Name).max(100).describe("What it runs"),
    queues: z.array(Name).max(200).describe("That its workers serve"),
    capabilities: z.array(Name).max(200).describe("That its workers offer, beside the host itself"),
    runCount: Count.describe("Runs that its workers execute"),
    scopes: z.array(z.string().max(100)).max(100),
    joinedAt: Time.nullable(),
    lastSeenAt: Time.nullable(),
  })
  .meta({ id: "Host" });
export type HostRecord = z.output<typeof Host>;

/** What a host that is to run workers needs, as the home tells it before it joins. */
export interface WorkersNeeds {
  homeId: string;
  /** `host:port` of each server of the database, or the folder of its socket. */
  servers: string[];
  /** As OBJECTS_URL names it. */
  objects: string;
  /** References of secrets that its workers resolve. */
  secrets: string[];
}

/** Programs of one minor version keep each other's rules. */
export function isOtherMinor(one: string, other: string): boolean {
  const minorOf = (version: string) => version.split(".").slice(0, 2).join(".");
  return minorOf(one) !== minorOf(other);
}
