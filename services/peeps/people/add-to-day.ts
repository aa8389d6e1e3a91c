/** The same day a week, a month or a year later; the last of a month that is shorter. @param wanted Day of the month: the 31st follows 28 February. */
export function addToDay(day: string, every: "week" | "month" | "year", wanted?: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  if (every === "week") return toText(new Date(Date.UTC(year, month - 1, date + 7)));
  const months = every === "month" ? 1 : 12;
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
  return toText(new Date(Date.UTC(year, month - 1 + months, Math.min(wanted ?? date, last))));
}

function toText(date: Date): string {
  return date.toISOString().slice(0, 10);
}
