/** A date of which the year, or the day, may be unknown: birthdays in address books. RFC 6350 section 4.3, ISO 8601. */

import type { DateOrder } from "./date-order.ts";

export interface PartialDate {
  /** Undefined: a birthday without its year. */
  year?: number | undefined;
  month?: number | undefined;
  day?: number | undefined;
}

/** What phones write where the year is unknown. */
const yearsThatMeanNone = new Set([0, 1604]);

/**
 * Reads `1985-04-12`, `19850412`, `--04-12`, `--0412`, `1985-04`, `1985`, `---12`, `1985-4-12`, with or without a time after it, and
 * `12.4.1985`, and `4/12/1985` where the order is given or only one is possible. Undefined: it is none of these, or no
 * such day exists.
 */
export function parsePartialDate(text: string, order?: DateOrder): PartialDate | undefined {
  const day = text.trim().replace(/[T ]\d.*$/, "");
  const iso =
    /^(?:(\d{4})|-(?=-))-?(?:(\d{2})|-(?=-?\d))?-?(\d{2})?$/.exec(day) ??
    /^(?:(\d{4})|-)-(\d{1,2})-(\d{1,2})$/.exec(day);
  if (iso !== null) return toDate(iso[1], iso[2], iso[3]);
  const local = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/.exec(day);
  if (local === null) return undefined;
  const [, first = "", separator, second = "", year] = local;
  const isDayFirst = separator === "." || order === "day-first" || Number(first) > 12;
  if (!isDayFirst && order === undefined && Number(second) <= 12 && first !== second) return undefined;
  return isDayFirst ? toDate(year, second, first) : toDate(year, first, second);
}

/** `1985-04-12`, `--04-12`, `1985-04`: RFC 6350's extended form, which people read too. */
export function formatPartialDate({ year, month, day }: PartialDate): string {
  const twoDigits = (value: number): string => String(value).padStart(2, "0");
  const start = year === undefined ? "-" : String(year).padStart(4, "0");
  if (month === undefined) return day === undefined ? start : `${start}--${twoDigits(day)}`;
  return day === undefined ? `${start}-${twoDigits(month)}` : `${start}-${twoDigits(month)}-${twoDigits(day)}`;
}

function toDate(year?: string, month?: string, day?: string): PartialDate | undefined {
  const given = year === undefined ? undefined : Number(year);
  const date: PartialDate = {
    year: given === undefined || yearsThatMeanNone.has(given) ? undefined : given,
    month: month === undefined ? undefined : Number(month),
    day: day === undefined ? undefined : Number(day),
  };
  if (date.month !== undefined && (date.month < 1 || date.month > 12)) return undefined;
  const last = date.month === undefined ? 31 : daysIn(date.month, date.year ?? 2000);
  if (date.day !== undefined && (date.day < 1 || date.day > last)) return undefined;
  return date.year === undefined && date.month === undefined && date.day === undefined ? undefined : date;
}

function daysIn(month: number, year: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
