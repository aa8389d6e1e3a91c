/** Fields shared by records. Times are ISO 8601 texts, money is in US dollars, durations are in whole milliseconds. */
import { durationMsMax, hiddenCharacters, lineRule, parseDurationMs, storableRule } from "@roost/base/browser";
import { z } from "zod";
import {
  countMax,
  errorCharsMax,
  idCharsMax,
  nameCharsMax,
  pageLimitDefault,
  pageLimitMax,
  queueCharsMax,
  reasonCharsMax,
  sessionKeyCharsMax,
  smallCountMax,
  spanMsMax,
  textCharsMax,
  tickKeyCharsMax,
  usdMax,
} from "./limits.ts";

/**
 * Text of limited length that every store can hold. Patterns of the contract mean the same in ECMAScript, Python and Rust: no classes like \\d or
 * \\p, and lone surrogates are refused separately.
 */
export function text(charsMax: number) {
  return z
    .string()
    .max(charsMax)
    .regex(/^[^\u0000]*$/, storableRule)
    .refine(isWellFormed, storableRule);
}

/** A name or title that a person or program gives: one line that looks like what it is. */
export function lineText(charsMax: number) {
  return z
    .string()
    .min(1)
    .max(charsMax)
    .regex(new RegExp(`^[^${hiddenCharacters}]+$`), lineRule)
    .refine(isWellFormed, storableRule);
}

/** A line that is also a path segment: not `.` or `..`, which clients remove from addresses. */
export function keyText(charsMax: number) {
  return z
    .string()
    .min(1)
    .max(charsMax)
    .regex(new RegExp(`^(?![.]{1,2}$)[^${hiddenCharacters}]+$`), `${lineRule}, and not be . or ..`)
    .refine(isWellFormed, storableRule);
}

export const Id = text(idCharsMax).min(1);

/** The schema of an id that refers to a record: `ref("Run")`, `ref("Job", Slug)`. Used by documents, tools and GraphQL. */
export function ref(record: string): typeof Id;
export function ref<Schema extends z.ZodType>(record: string, id: Schema): Schema;
export function ref(record: string, id: z.ZodType = Id): z.ZodType {
  return id.meta({ ...id.meta(), "x-roost-ref": record });
}

/** For jobs and agents: short, readable, safe in paths and file names. */
export const Slug = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    "must be 1 to 63 lower-case letters, digits, dots, - or _, beginning with a letter or digit",
  );

export const SessionKey = keyText(sessionKeyCharsMax).describe(
  "Key of a session: main, cron:<job>, heartbeat:<job>, …",
);
export const sessionKinds = ["main", "cron", "heartbeat", "subagent", "channel"] as const;
export const SessionKind = z.enum(sessionKinds);
export type SessionKind = z.output<typeof SessionKind>;

const queueEdge = `[^,\\u0020\\u00a0${hiddenCharacters}]`;
export const QueueName = z
  .string()
  .max(queueCharsMax)
  .regex(
    new RegExp(`^(?![.]{1,2}$)${queueEdge}([^,${hiddenCharacters}]*${queueEdge})?$`),
    `${lineRule}, without commas or surrounding spaces, and not be . or ..`,
  )
  .refine(isWellFormed, storableRule);

const needsMax = 20;

export const Needs = z
  .array(
    z
      .string()
      .max(nameCharsMax)
      .regex(
        /^([a-z0-9][a-z0-9._-]{0,62}|host:[!-~]+)$/,
        "must be a word of lower-case letters, digits, dots, - and _, as in gpu, or host:NAME",
      ),
  )
  .max(needsMax)
  .describe(
    "What a worker must offer to take its runs (ROOST_CAPABILITIES of the worker), as in gpu; host:NAME: that host",
  );

/** A name as it is kept and shown. Given names are `WrittenName`. */
export const Name = text(nameCharsMax).min(1);
export const WrittenName = lineText(nameCharsMax);
export const Reason = text(reasonCharsMax);
export const Text = text(textCharsMax);
export const TickKey = text(tickKeyCharsMax).min(1);

/** A value that filters compare with. */
export const Scalar = z.union([text(1000), z.number(), z.boolean(), z.null()]);

/** A time recorded or computed by Roost. */
export const Time = z.iso.datetime({ offset: true });
const writtenYears = /^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-/;
/** A time given by a person or program. */
export const WrittenTime = z.iso
  .datetime({ offset: true })
  .refine((written) => writtenYears.test(written), "must be in the years 1970 to 9998")
  .meta({ pattern: writtenYears.source });
export const Count = z.number().int().min(0).max(countMax);
/** Partitions, versions, step numbers. */
export const SmallCount = z.number().int().min(0).max(smallCountMax);
export const Usd = z.number().min(0).max(usdMax);

/** A duration measured by Roost: an age, a lateness. */
export const WholeMs = z.number().int().min(0).max(spanMsMax);
/** A duration given by a person or program: at most 100 years. */
export const WrittenMs = z.number().int().min(0).max(durationMsMax, "must be at most 100 years");

/** "30m" or milliseconds. */
export const WrittenDuration = z
  .union([
    z
      .string()
      .min(1)
      .max(64)
      .regex(
        /^(([0-9]+([.][0-9]+)?([mM][sS]|[sSmMhHdDwW]))+|[0-9]+)$/,
        "must be a duration like 90s, 30m, 1h30m or 2d",
      ),
    WrittenMs,
  ])
  .refine(isDuration, {
    error: "must be a duration like 90s, 30m, 1h30m or 2d, and at most 100 years",
    abort: true,
  });

export const TimeZone = z
  .string()
  .min(1)
  .max(64)
  .refine(isTimeZone, "is not a time zone: use a name like Europe/Berlin or UTC");

/** Any JSON value; its size is limited where it is stored. */
export const Json = z.unknown();
export const JsonFields = z.record(z.string(), z.unknown());

export const RecordedError = z
  .object({ code: text(64), message: text(errorCharsMax), details: JsonFields.optional() })
  .meta({ id: "RecordedError" });

/** Length of a cursor: a position of a few names and times, as JSON in base64url. */
export const cursorCharsMax = 2000;
/** The position to continue a list from, as returned by the page before. */
export const Cursor = text(cursorCharsMax).min(1);

/** Input fields of every list: page size and cursor. */
export const pageFields = {
  limit: z.number().int().min(1).max(pageLimitMax).default(pageLimitDefault).describe("Page size"),
  after: Cursor.optional().describe("`next` of the page before"),
};

/** A stored row that does not match the contract; the others are shown without it. */
export const Unreadable = z
  .object({
    where: z.string().describe("Its place in the answer: items[3]"),
    id: z.string().nullable().describe("Its id, when it has one"),
    problem: z.string().describe("What is wrong with it"),
  })
  .meta({ id: "Unreadable" });
export type Unreadable = z.output<typeof Unreadable>;
export const unreadable = z
  .array(Unreadable)
  .optional()
  .describe("Rows that cannot be shown, and why; omitted when there are none");

/** The output of every list: the rows of a page, and the next cursor. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  const page = z.object({
    items: z.array(item),
    next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last"),
    unreadable,
  });
  const id = item.meta()?.id;
  return id === undefined ? page : page.meta({ id: `${id}Page` });
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

function isDuration(written: string | number): boolean {
  try {
    parseDurationMs(written);
    return true;
  } catch {
    return false;
  }
}

/** Asking Intl costs 0.1 ms and more, and a list of jobs asks for each: names that it knew are kept, a home has few. */
const knownTimeZones = new Set<string>();
const knownTimeZonesMax = 1_000;

function isTimeZone(name: string): boolean {
  if (knownTimeZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    if (knownTimeZones.size < knownTimeZonesMax) knownTimeZones.add(name);
    return true;
  } catch {
    return false;
  }
}

/** Differences between two versions of a definition: path and both values. */
export const Differences = z.array(z.object({ path: z.string().max(500), before: Json, after: Json }));
