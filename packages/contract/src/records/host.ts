/** Hosts of the home: machines that were brought in by a code, and those on which its processes run. */
import { z } from "zod";
import { Count, Name, Time } from "./fields.ts";

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
    workerCount: Count.describe("Processes among them that execute runs"),
    queues: z.array(Name).max(200).describe("That its workers serve"),
    capabilities: z.array(Name).max(200).describe("That its workers offer, beside the host itself"),
    runCount: Count.describe("Runs that its workers execute"),
    scopes: z.array(z.string().max(100)).max(100),
    joinedAt: Time.nullable(),
    lastSeenAt: Time.nullable(),
  })
  .meta({ id: "Host" });
export type HostRecord = z.output<typeof Host>;

const filePath = z.string().max(4_096);

/** What a host that is to run processes of the home needs, as the home tells it before it joins and when its logins are renewed. */
export const HostNeeds = z
  .object({
    homeId: z.uuid(),
    servers: z
      .array(z.string().max(500))
      .max(16)
      .describe("host:port of each server of the database, or the folder of its socket"),
    objects: z.string().max(2_000).optional().describe("As OBJECTS_URL names it; left out: it runs no workers"),
    secrets: z.array(z.string().max(500)).max(500).describe("References of secrets that its workers resolve"),
    tls: z
      .object({
        isVerified: z.boolean().describe("The servers' certificates and names are checked"),
        authority: z.string().max(100_000).nullable().describe("PEM of who signed them; null: those that Node knows"),
        clientFiles: z
          .object({ sslcert: filePath, sslkey: filePath })
          .nullable()
          .describe("Where the home has a certificate of its own for it, and its key; null: it shows none"),
      })
      .nullable()
      .describe("null: the connection is not encrypted"),
  })
  .meta({ id: "HostNeeds" });
export type HostNeeds = z.output<typeof HostNeeds>;

/** What a host gets for the database: one for workers and schedulers, one for a relay, one for each service. */
export const HostLogins = z
  .array(z.object({ of: z.string().max(100), url: z.string().max(4_096).describe("Without paths of files") }))
  .max(100);
export type HostLogins = z.output<typeof HostLogins>;

/** Programs of one minor version keep each other's rules. */
export function isOtherMinor(one: string, other: string): boolean {
  const minorOf = (version: string) => version.split(".").slice(0, 2).join(".");
  return minorOf(one) !== minorOf(other);
}
