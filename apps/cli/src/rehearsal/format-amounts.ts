/** Formats times, money and counts of a report. Pure. */
// tidy: the words of one report.
import type { FindingFormats } from "@roost/contract/describe-rehearsal";
import { formatCount, formatUsd } from "../print/format-spend.ts";

export interface Moments {
  /** `06:00`, with the day when the report spans several. */
  short(time: string): string;
  /** `Fri 21 Nov 2025 06:00`. */
  full(time: string): string;
  /** `Fri`, `06:00`. */
  parts(time: string): { day: string; time: string };
}

/** In the home's time zone. */
export function createMoments(timeZone: string, hours: number): Moments {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const fieldsOf = (time: string) =>
    Object.fromEntries(format.formatToParts(Date.parse(time)).map(({ type, value }) => [type, value]));
  const timeOf = (fields: Record<string, string>) => `${fields["hour"]}:${fields["minute"]}`;
  return {
    short(time) {
      const fields = fieldsOf(time);
      return hours <= 24 ? timeOf(fields) : `${fields["weekday"]} ${fields["day"]} ${timeOf(fields)}`;
    },
    full(time) {
      const fields = fieldsOf(time);
      return `${fields["weekday"]} ${fields["day"]} ${fields["month"]} ${fields["year"]} ${timeOf(fields)}`;
    },
    parts(time) {
      const fields = fieldsOf(time);
      return { day: `${fields["weekday"]} ${fields["day"]}`, time: timeOf(fields) };
    },
  };
}

export function costText(usd: number | null): string {
  return usd === null ? "" : formatUsd(usd);
}

export function findingFormats(moments: Moments): FindingFormats {
  return { at: moments.short, usd: formatUsd, count: formatCount };
}
