/**
 * A heartbeat looks at the mailboxes and calendars that the settings name, before it decides whether anything is new: all at once, each within a
 * limit of time, and one that fails holds up none. What they say is kept for the quarantined reader and shown to no other run.
 */
import { formatDurationMs, type Logger, RoostError, toRoostError } from "@roost/base";
import {
  davServerOf,
  mailServerOf,
  readSource,
  sourcesOf,
  takeFailure,
  takeLook,
  type Memory,
  type OutsideSource,
  type SourceRow,
} from "@roost/memory";
import type { LeftOutItem, SourceItem } from "@roost/sources";

/** Undefined: the settings name none. */
export type LookOutside = (signal: AbortSignal) => Promise<void>;

export interface LookOutsideOptions {
  memory: Memory;
  logger: Logger;
  resolveSecret: (reference: string) => Promise<string>;
}

const lookMsMax = 60_000;
const mailsMax = 50;
const eventsMax = 200;

export function createLookOutside({ memory, logger, resolveSecret }: LookOutsideOptions): LookOutside | undefined {
  const sources = sourcesOf(memory);
  if (sources.length === 0) return undefined;
  const lookAt = async (source: OutsideSource, signal: AbortSignal): Promise<void> => {
    try {
      const before = await readSource(memory.kernel.database, source);
      const password = await resolveSecret(source.settings.secret);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(lookMsMax)]);
      const look = source.kind === "mail" ? lookAtMailboxes : lookAtEvents;
      const found = await look({ memory, source, before, password, signal: limited });
      await takeLook(memory, source, { before, ...found });
      if (found.laterCount > 0)
        logger.info("More is left for the next look", { source: source.name, count: found.laterCount });
    } catch (cause) {
      signal.throwIfAborted();
      const error = isOverdue(cause)
        ? new RoostError("unavailable", `no answer within ${formatDurationMs(lookMsMax)}`, { cause })
        : toRoostError(cause);
      logger.warn("A look outside failed", { source: source.name, reason: error.message });
      await takeFailure(memory, source, error);
    }
  };
  return async (signal) => {
    await Promise.all(sources.map((source) => lookAt(source, signal)));
  };
}

function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

interface Look {
  memory: Memory;
  source: OutsideSource;
  before: SourceRow | undefined;
  password: string;
  signal: AbortSignal;
}

interface Found {
  items: SourceItem[];
  place: SourceRow["place"];
  laterCount: number;
  leftOut: LeftOutItem[];
}

async function lookAtMailboxes({ memory, source, before, password, signal }: Look): Promise<Found> {
  // Clients of IMAP and CalDAV take longer to load than most homes need, which name neither.
  const { lookAtMail } = await import("@roost/sources/look-at-mail");
  return await lookAtMail(await mailServerOf(memory, source, password), {
    mailboxes: source.settings.mailboxes,
    place: before?.place ?? {},
    lookedAt: before?.lookedAt ?? undefined,
    now: new Date(memory.kernel.clock.nowMs()),
    mailsMax,
    signal,
  });
}

async function lookAtEvents({ memory, source, password, signal }: Look): Promise<Found> {
  const { calendars, soon } = source.settings;
  const { lookAtCalendars } = await import("@roost/sources/calendars");
  const nowMs = memory.kernel.clock.nowMs();
  const look = await lookAtCalendars(davServerOf(source, password), {
    from: new Date(nowMs),
    until: new Date(nowMs + soon),
    timeZone: memory.timeZone,
    calendars,
    eventsMax,
    signal,
  });
  return { ...look, place: {} };
}
