/**
 * The one set of limits: for the wire, the log and the tables. The kernel uses the same numbers, and whatever is derived from a value (a channel, a
 * key, a later time, a sum) fits as well. Writers of longer texts clip them first.
 */
export const idCharsMax = 200;
export const nameCharsMax = 200;
/** A session's key is part of other keys: `session:<key>`, `memory.message:<key>`. */
export const sessionKeyCharsMax = 160;
/** A queue's name is part of a wake-up channel, of a path and of ROOST_QUEUES. */
export const queueCharsMax = 128;
/** `manual:<idempotency key>` and other names of ticks. */
export const tickKeyCharsMax = 256;
/** A serial key of runs: `session:<key>`, `job:<id>`. */
export const serialKeyCharsMax = 256;
export const reasonCharsMax = 2000;
export const errorCharsMax = 4000;
/** A message, a notice, an answer. */
export const textCharsMax = 100_000;
/** Of a question or command that is routed. */
export const routeTextCharsMax = 2_000;
export const promptCharsMax = 50_000;
export const pathCharsMax = 1024;
/** Rows in one page of a list. */
export const pageLimitMax = 500;
export const pageLimitDefault = 50;

/** Counts and offsets: exact in JSON and in a `bigint`. */
export const countMax = 9_000_000_000_000_000;
/** Partitions, versions, step numbers: columns of type `integer`. */
export const smallCountMax = 2_147_483_647;
/** Money: columns of type `numeric(18, 9)` hold ten times as much, so that sums fit. */
export const usdMax = 100_000_000;

/**
 * Times given by people and programs are in the years 1970 to 9998, at any offset. Times computed from them keep four digits: one after
 * `momentMsMax` never comes.
 */
export const momentMsMin = Date.UTC(1969, 11, 31);
export const momentMsMax = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
/** The longest time between two such times: the limit of a lateness, an age or a duration. */
export const spanMsMax = momentMsMax - momentMsMin;
/** The longest delay between attempts of a run. */
export const backoffMsMax = 30 * 86_400_000;
/** The longest attempt of a job's run. */
export const timeoutMsMax = 7 * 86_400_000;
export const attemptsMax = 100;
export const priorityMax = 1_000;

/** Whether a time, in ms since 1970, can be stored, shown and compared. */
export function isMoment(ms: number): boolean {
  return ms >= momentMsMin && ms <= momentMsMax;
}

/** Clips a text to `charsMax`, ending in an ellipsis. Never splits a character. */
export function clipText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  let end = charsMax - 1;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  return `${text.slice(0, end)}…`;
}

/** Names of services: part of addresses, of scopes and of names of roles. */
export const servicePattern = /^[a-z][a-z0-9-]{0,30}$/;
