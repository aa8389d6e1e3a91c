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

/** What a host that runs nothing but schedulers and services may do when nothing else is said. */
export const processScopes = ["hosts:read", "hosts:write", "status:read"] as const;

/** The scopes with which a host runs processes of the home: a code that has one brings a login for the database. */
export const workersScope = "workers:run";
export const schedulersScope = "schedulers:run";
export function serviceScope(name: string): string {
  return `${name}:host`;
}

/** What a host may run of the home. */
export interface HostRoles {
  workers: boolean;
  schedulers: boolean;
  /** By name. */
  services: string[];
}

/** Undefined: nothing. */
export function rolesOf(scopes: readonly string[]): HostRoles | undefined {
  const services = scopes.flatMap((scope) => /^(.+):host$/.exec(scope)?.[1] ?? []);
  const roles = { workers: scopes.includes(workersScope), schedulers: scopes.includes(schedulersScope), services };
  return roles.workers || roles.schedulers || services.length > 0 ? roles : undefined;
}

/** What a host that is to run processes of the home needs, as the home tells it before it joins. */
export interface HostNeeds {
  homeId: string;
  /** `host:port` of each server of the database, or the folder of its socket. */
  servers: string[];
  /** As OBJECTS_URL names it; undefined: it runs no workers. */
  objects?: string | undefined;
  /** References of secrets that its workers resolve. */
  secrets: string[];
}

/** Programs of one minor version keep each other's rules. */
export function isOtherMinor(one: string, other: string): boolean {
  const minorOf = (version: string) => version.split(".").slice(0, 2).join(".");
  return minorOf(one) !== minorOf(other);
}
