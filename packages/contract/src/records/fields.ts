/** Fields that many records have. Times are ISO 8601 texts, money is a number of US dollars, lengths of time are whole milliseconds. */
import { parseDurationMs } from "@roost/base";
import { z } from "zod";
import {
  errorCharsMax,
  idCharsMax,
  nameCharsMax,
  pageLimitDefault,
  pageLimitMax,
  reasonCharsMax,
  textCharsMax,
} from "./limits.ts";

export const Id = z.string().min(1).max(idCharsMax);

/** Of jobs and agents: short, readable, safe in paths and file names. */
export const Slug = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    "must be 1 to 63 lower-case letters, digits, dots, - or _, beginning with a letter or digit",
  );

export const SessionKey = z
  .string()
  .min(1)
  .max(idCharsMax)
  .describe("Key of a session: main, cron:<job>, heartbeat:<job>, …");
export const sessionKinds = ["main", "cron", "heartbeat", "subagent", "channel"] as const;
export const SessionKind = z.enum(sessionKinds);

export const Name = z.string().min(1).max(nameCharsMax);
export const Reason = z.string().max(reasonCharsMax);
export const Text = z.string().max(textCharsMax);

/** A value that filters compare with. */
export const Scalar = z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]);

export const Time = z.iso.datetime({ offset: true });
export const Count = z.number().int().min(0);
export const Usd = z.number().min(0);

/** A hundred years. */
const wholeMsMax = 3_162_240_000_000;
export const WholeMs = z.number().int().min(0).max(wholeMsMax);

/** "30m" or milliseconds. */
export const WrittenDuration = z
  .union([z.string().min(1).max(64), z.number().int().min(0).max(wholeMsMax)])
  .refine(isDuration, {
    error: "must be a length of time like 90s, 30m, 1h30m or 2d, or whole milliseconds",
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
  .object({ code: z.string().max(64), message: z.string().max(errorCharsMax), details: JsonFields.optional() })
  .meta({ id: "RecordedError" });

/** Input fields of every list: a page of at most `limit`, after the cursor that the page before gave. */
export const pageFields = {
  limit: z.number().int().min(1).max(pageLimitMax).default(pageLimitDefault).describe("Most rows in the page"),
  after: z.string().min(1).max(1000).optional().describe("`next` of the page before"),
};

/** Output field of every list: the cursor of the next page, or null after the last. */
export const next = z.string().nullable().describe("Give it as `after` for the next page; null when this is the last");

function isDuration(written: string | number): boolean {
  try {
    parseDurationMs(written);
    return true;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
