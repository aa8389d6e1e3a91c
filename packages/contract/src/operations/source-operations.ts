/** Mailboxes and calendars that heartbeats look at. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Count, Name, Reason, Time } from "../records/fields.ts";

const kind = z.enum(["mail", "calendar"]);

const OutsideSourceStatus = z
  .object({
    name: Name,
    kind,
    server: z.string().max(2_000).describe("With its login"),
    lookedAt: Time.nullable().describe("Of the last look that succeeded"),
    nextLookAt: Time.nullable().describe("Of the next heartbeat"),
    laterCount: Count.describe("New there, and left for later looks"),
    leftOut: z.array(z.object({ name: Name, why: Reason })).describe("What no look brings, at most 100"),
    failureCount: Count.describe("Looks that failed since"),
    error: Reason.nullable().describe("Why the last look failed"),
  })
  .meta({ id: "OutsideSource" });
export type OutsideSourceStatus = z.output<typeof OutsideSourceStatus>;

const OutsideSourceCheck = z
  .object({
    name: Name,
    kind,
    state: z.enum(["works", "fails"]),
    text: Reason.describe("What stands there, or why it fails"),
    next: Reason.nullable().describe("What to do about it"),
  })
  .meta({ id: "OutsideSourceCheck" });
export type OutsideSourceCheck = z.output<typeof OutsideSourceCheck>;

/** Names and errors are words of servers, of senders too: they are for the person alone. */
const forPerson = {
  access: { audience: ["owner", "device", "host"] },
  labels: ["aud:main", "trust:untrusted"],
} as const;

export const getSources = defineOperation({
  id: "getSources",
  method: "GET",
  path: "/sources",
  summary: "Mailboxes and calendars that heartbeats look at, and how their last looks went",
  input: z.object({}),
  output: z.object({ sources: z.array(OutsideSourceStatus) }),
  effect: "readonly",
  ...forPerson,
});

export const checkSources = defineOperation({
  id: "checkSources",
  method: "POST",
  path: "/sources/check",
  summary: "Logs in to each mailbox and calendar that heartbeats look at",
  description: "Nothing is read or changed there. Takes up to half a minute.",
  input: z.object({}),
  output: z.object({ sources: z.array(OutsideSourceCheck) }),
  effect: "idempotent",
  ...forPerson,
});

export const sourceOperations = [getSources, checkSources] as const;
