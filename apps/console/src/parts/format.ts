/** Numbers, money, times and durations as the console writes them. The language is the browser's, the time zone too, unless a zone is given. */
const usd3 = new Intl.NumberFormat("en", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
});
const usd2 = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const nothing = "$0";
const plain = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `$0.042`; less than a tenth of a cent is said as such, and nothing as `$0`. */
export function formatUsd(usd: number): string {
  if (usd === 0) return nothing;
  if (usd > 0 && usd < 0.001) return "<$0.001";
  return usd >= 100 ? usd2.format(usd) : usd3.format(usd);
}

export function formatUsdShort(usd: number): string {
  if (usd === 0) return nothing;
  if (usd > 0 && usd < 0.01) return "<$0.01";
  return usd2.format(usd);
}

/** `71.2K` */
export function formatCount(count: number): string {
  return count < 10_000 ? plain.format(count) : compact.format(count);
}

/** `4,360 tokens`; nothing for none, since what has not called a model has none to tell. */
export function tellTokens(count: number): string {
  return count === 0 ? "" : `${formatCount(count)} ${count === 1 ? "token" : "tokens"}`;
}

/** `0.3 s`, `12 s`, `1m 04s`, `2h 16m`, `3d 4h` */
export function formatMs(ms: number): string {
  if (ms < 1) return "0 ms";
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < 10 * second) return `${(ms / second).toFixed(1)} s`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)}m ${pad((ms % minute) / second)}s`;
  if (ms < day) return `${Math.floor(ms / hour)}h ${pad((ms % hour) / minute)}m`;
  return `${Math.floor(ms / day)}d ${Math.floor((ms % day) / hour)}h`;
}

/** `now`, `12 s`, `5 min`, `3 h`, `2 d`: how long ago, without the word. */
export function formatAge(ms: number): string {
  if (ms < 5 * second) return "now";
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

export function formatAgo(ms: number): string {
  const age = formatAge(ms);
  return age === "now" ? "just now" : `${age} ago`;
}

export interface TimeFormats {
  clock: Intl.DateTimeFormat;
  clockSeconds: Intl.DateTimeFormat;
  weekday: Intl.DateTimeFormat;
  dayMonth: Intl.DateTimeFormat;
  full: Intl.DateTimeFormat;
  /** `2026-01-31` */
  isoDay: Intl.DateTimeFormat;
  /** `2026-01-31 14:05:00` */
  wall: Intl.DateTimeFormat;
}

export function createTimeFormats(timeZone?: string): TimeFormats {
  const zone = timeZone === undefined ? {} : { timeZone };
  const make = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-GB", { ...options, ...zone });
  return {
    clock: make({ hour: "2-digit", minute: "2-digit" }),
    clockSeconds: make({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    weekday: make({ weekday: "short" }),
    dayMonth: make({ day: "numeric", month: "short" }),
    full: make({ dateStyle: "medium", timeStyle: "medium" }),
    isoDay: new Intl.DateTimeFormat("sv-SE", zone),
    wall: new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", ...zone }),
  };
}

/** `15:00` today, `Mon 07:00` within a week, `3 Dec 07:00` else. */
export function formatMoment(at: number, nowMs: number, formats: TimeFormats): string {
  const clock = formats.clock.format(at);
  if (formats.dayMonth.format(at) === formats.dayMonth.format(nowMs)) return clock;
  if (Math.abs(at - nowMs) < 6 * day) return `${formats.weekday.format(at)} ${clock}`;
  return `${formats.dayMonth.format(at)} ${clock}`;
}

/** As fields for a date and a time have it, in the zone of the formats: `2026-01-31T14:05`. */
export function toWallTime(at: number, { wall }: TimeFormats): string {
  return wall.format(at).replace(" ", "T").slice(0, 16);
}

/** The moment in ms of such a field; NaN when it is not one. */
export function fromWallTime(text: string, { wall }: TimeFormats): number {
  const guess = Date.parse(`${text}Z`);
  if (Number.isNaN(guess)) return guess;
  return 2 * guess - Date.parse(`${wall.format(guess).replace(" ", "T")}Z`);
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
