/** Daily notes: one file per day of the home's time zone, which is not always 24 hours long. */

const notePath = /^memory\/\d{4}-\d{2}-\d{2}(?:-[^/]+)?\.md$/;

/** memory/2026-01-31.md, and memory/2026-01-31-some-title.md as other programs write them. */
export function isDailyNotePath(path: string): boolean {
  return notePath.test(path);
}

export function dailyNotePath(day: string): string {
  return `memory/${day}.md`;
}

/** The calendar day (`2026-01-31`) at a moment, where the home is. */
export function dayAt(ms: number, timeZone: string): string {
  const { year, month, day } = partsAt(ms, timeZone);
  return `${year}-${month}-${day}`;
}

/** The time of day (`06:30`) at a moment, where the home is. */
export function timeOfDayAt(ms: number, timeZone: string): string {
  const { hour, minute } = partsAt(ms, timeZone);
  return `${hour}:${minute}`;
}

/** The calendar day before, whatever the clocks did in between. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** `Saturday, 2026-01-31 06:30 Europe/Berlin`, for people and models. */
export function momentAt(ms: number, timeZone: string): string {
  const weekday = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "long" }).format(ms);
  return `${weekday}, ${dayAt(ms, timeZone)} ${timeOfDayAt(ms, timeZone)} ${timeZone}`;
}

function partsAt(ms: number, timeZone: string): Record<"year" | "month" | "day" | "hour" | "minute", string> {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
  return {
    year: parts["year"]!.padStart(4, "0"),
    month: parts["month"]!,
    day: parts["day"]!,
    hour: parts["hour"]!,
    minute: parts["minute"]!,
  };
}
