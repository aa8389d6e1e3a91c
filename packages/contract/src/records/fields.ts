/** Fields that many records have. Times are ISO 8601 texts, money is a number of US dollars, lengths of time are whole milliseconds. */
import { durationMsMax, parseDurationMs, storableRule } from "@roost/base/browser";
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
 * Text of at most so many characters that every store can hold. Patterns of the contract are read alike by ECMAScript, Python and Rust:
 * no classes like \\d or \\p, and no halves of surrogate pairs, which are refused beside the pattern.
 */
export function text(charsMax: number) {
  return z
    .string()
    .max(charsMax)
    .regex(/^[^\u0000]*$/, storableRule)
    .refine(isWellFormed, storableRule);
}

/** One line that is also part of a path: no control characters, and not `.` or `..`, which every client takes out of an address. */
export function keyText(charsMax: number) {
  return z
    .string()
    .min(1)
    .max(charsMax)
    .regex(/^(?![.]{1,2}$)[^\u0000-\u001f\u007f-\u009f]+$/, "must not have control characters, nor be . or ..")
    .refine(isWellFormed, storableRule);
}

export const Id = text(idCharsMax).min(1);

/** The schema of an id that names a record: `ref("Run")`, `ref("Job", Slug)`. Documents, tools and GraphQL go by it. */
export function ref(record: string): typeof Id;
export function ref<Schema extends z.ZodType>(record: string, id: Schema): Schema;
export function ref(record: string, id: z.ZodType = Id): z.ZodType {
  return id.meta({ ...id.meta(), "x-roost-ref": record });
}

/** Of jobs and agents: short, readable, safe in paths and file names. */
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

export const QueueName = z
  .string()
  .max(queueCharsMax)
  .regex(
    /^(?![.]{1,2}$)[^\u0000-\u0020\u007f-\u00a0,]([^\u0000-\u001f\u007f-\u009f,]*[^\u0000-\u0020\u007f-\u00a0,])?$/,
    "must be one line without commas and without spaces at its ends, and not . or ..",
  )
  .refine(isWellFormed, storableRule);

export const Name = text(nameCharsMax).min(1);
export const Reason = text(reasonCharsMax);
export const Text = text(textCharsMax);
export const TickKey = text(tickKeyCharsMax).min(1);

/** A value that filters compare with. */
export const Scalar = z.union([text(1000), z.number(), z.boolean(), z.null()]);

/** A moment that Roost recorded or computed. */
export const Time = z.iso.datetime({ offset: true });
const writtenYears = /^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-/;
/** A moment that a person or program writes. */
export const WrittenTime = z.iso
  .datetime({ offset: true })
  .refine((written) => writtenYears.test(written), "must be in the years 1970 to 9998")
  .meta({ pattern: writtenYears.source });
export const Count = z.number().int().min(0).max(countMax);
/** Partitions, versions, numbers of steps. */
export const SmallCount = z.number().int().min(0).max(smallCountMax);
export const Usd = z.number().min(0).max(usdMax);

/** A length of time that Roost measured: an age, a lateness. */
export const WholeMs = z.number().int().min(0).max(spanMsMax);
/** A length of time that a person or program writes: at most 100 years. */
export const WrittenMs = z.number().int().min(0).max(durationMsMax);

/** "30m" or milliseconds. */
export const WrittenDuration = z
  .union([
    z
      .string()
      .min(1)
      .max(64)
      .regex(
        /^(([0-9]+([.][0-9]+)?([mM][sS]|[sSmMhHdDwW]))+|[0-9]+)$/,
        "must be a length of time like 90s, 30m, 1h30m or 2d",
      ),
    z.number().int().min(0).max(durationMsMax),
  ])
  .refine(isDuration, {
    error: "must be a length of time like 90s, 30m, 1h30m or 2d, or whole milliseconds, and at most 100 years",
    abort: true,
  });

export const TimeZone = z
  .string()
  .min(1)
  .max(64)
  .refine(isTimeZone, "is not a time zone: write one like Europe/Berlin or UTC");

/** What JSON can hold; its size is limited where it is stored. */
export const Json = z.unknown();
export const JsonFields = z.record(z.string(), z.unknown());

export const RecordedError = z
  .object({ code: text(64), message: text(errorCharsMax), details: JsonFields.optional() })
  .meta({ id: "RecordedError" });

/** Of a cursor: a place of a few names and moments, as JSON in base64url. */
export const cursorCharsMax = 2000;
/** Where a list goes on: as the page before gave it. */
export const Cursor = text(cursorCharsMax).min(1);

/** Input fields of every list: a page of at most `limit`, after the cursor that the page before gave. */
export const pageFields = {
  limit: z.number().int().min(1).max(pageLimitMax).default(pageLimitDefault).describe("Most rows in the page"),
  after: Cursor.optional().describe("`next` of the page before"),
};

/** A row that is stored and cannot be shown as the contract says; the others are shown without it. */
export const Unreadable = z
  .object({
    where: z.string().describe("Its place in what was to be answered: items[3]"),
    id: z.string().nullable().describe("Its own id, when it has one"),
    problem: z.string().describe("What is wrong with it"),
  })
  .meta({ id: "Unreadable" });
export type Unreadable = z.output<typeof Unreadable>;
export const unreadable = z
  .array(Unreadable)
  .optional()
  .describe("Rows that cannot be shown, and why; not there when all can");

/** What every list answers: the rows of a page, and the cursor of the next one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  const page = z.object({
    items: z.array(item),
    next: z.string().nullable().describe("Give it as `after` for the next page; null when this is the last"),
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

/** What is different between two versions of a definition: the place, and what stands there in each. */
export const Differences = z.array(z.object({ path: z.string().max(500), before: Json, after: Json }));
