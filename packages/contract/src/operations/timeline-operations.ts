/** The log as people read it: the latest first across topics, a day as a whole, and why something happened. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Day, dayRunsMax } from "../records/day.ts";
import { CausalNode, Event } from "../records/event.ts";
import {
  Count,
  Name,
  pageFields,
  pageOf,
  ref,
  SessionKey,
  Slug,
  SmallCount,
  text,
  WrittenTime,
} from "../records/fields.ts";

/** A place in every partition. */
const placeCharsMax = 8_000;

export const listEvents = defineOperation({
  id: "listEvents",
  method: "GET",
  path: "/timeline",
  summary: "What happened, the latest first, across topics",
  description:
    "A page examines a bounded number of events, so it may be empty although there is more: go on with `next`. Of a job or an agent with more runs, the steps of the latest 500 are found.",
  input: z.object({
    limit: pageFields.limit,
    after: text(placeCharsMax).optional().describe("`next` of the page before"),
    until: WrittenTime.optional().describe("Only what happened before; `after` overrides it"),
    topics: z.array(Name).max(50).optional().describe("Default: all"),
    types: z.array(Name).max(100).optional(),
    without: z.array(Name).max(100).optional().describe("Not these types"),
    jobId: ref("Job", Slug).optional(),
    agent: Slug.optional(),
    sessionKey: ref("Session", SessionKey).optional(),
    runId: ref("Run").optional(),
    label: text(256).optional().describe("Only what has this label: trust:untrusted"),
  }),
  output: z.object({ items: z.array(Event), next: z.string().max(placeCharsMax).nullable() }),
  errors: ["not_found"],
  effect: "readonly",
  access: { scope: "events:read" },
  examples: [{ summary: "What one job did", input: { jobId: "blog-writer" } }],
});

export const getDay = defineOperation({
  id: "getDay",
  method: "GET",
  path: "/days/{day}",
  summary: "One day in the home's time zone: what ran, and which ticks did not",
  input: z.object({ day: z.iso.date() }),
  output: Day,
  effect: "readonly",
  access: { scope: "events:read" },
  description: `At most the latest ${dayRunsMax} runs.`,
});

export const explainEvent = defineOperation({
  id: "explainEvent",
  method: "GET",
  path: "/topics/{topic}/events/{offset}/why",
  summary: "Why an event happened, and what it caused",
  input: z.object({ ...pageFields, topic: Name, offset: Count, partition: SmallCount.default(0) }),
  output: z.object({
    event: Event,
    causes: z.array(CausalNode).describe("From the first cause to the event itself"),
    effects: pageOf(CausalNode).describe("In order of occurrence, parents before children"),
    isCut: z.boolean().describe("There are more effects than the page has, or than were read"),
  }),
  errors: ["not_found"],
  effect: "readonly",
});

export const timelineOperations = [listEvents, getDay, explainEvent] as const;
