/** When an important date comes next. */
import type { PartialDate } from "../contacts/partial-date.ts";

/** On or after a day, as `2026-02-28`; a date without a day comes never. 29 February is kept on the 28th otherwise. */
export function nextDay({ month, day }: PartialDate, today: string): string | null {
  if (month === undefined || day === undefined) return null;
  const year = Number(today.slice(0, 4));
  for (const candidate of [year, year + 1]) {
    const last = new Date(Date.UTC(candidate, month, 0)).getUTCDate();
    const text = `${String(candidate).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(Math.min(day, last)).padStart(2, "0")}`;
    if (text >= today) return text;
  }
  return null;
}
