/**
 * Durations as people write them: "90s", "1h30m", "250ms", "2d". A bare
 * number is milliseconds. Months and years are refused.
 */
import { RoostError } from "./roost-error.ts";

const msPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** 100 years; longer is a mistake in the unit. */
export const durationMsMax = 100 * 366 * msPerUnit.d;

const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;

/**
 * Milliseconds of a written duration, rounded to whole ones.
 * @throws invalid_input naming the text and the forms that are accepted
 */
export function parseDurationMs(written: string | number): number {
  const text = String(written).trim().toLowerCase();
  let ms: number;
  if (/^\d+$/.test(text)) {
    ms = Number(text);
  } else if (whole.test(text)) {
    ms = 0;
    for (const [, amount, unit] of text.matchAll(part))
      ms += Number(amount) * msPerUnit[unit as keyof typeof msPerUnit];
  } else {
    throw new RoostError(
      "invalid_input",
      `"${text.slice(0, 64)}" is not a duration: write it like 250ms, 90s, 30m, 1h30m or 2d`,
    );
  }
  ms = Math.round(ms);
  if (ms > durationMsMax) {
    throw new RoostError("invalid_input", `"${text.slice(0, 64)}" is longer than 100 years: check its unit`);
  }
  return ms;
}

/** A duration as parseDurationMs reads it back, exactly: "1h30m", "90s" is "1m30s". */
export function writeDurationMs(ms: number): string {
  let left = ms;
  let written = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const count = Math.floor(left / msPerUnit[unit]);
    left -= count * msPerUnit[unit];
    if (count > 0) written += `${count}${unit}`;
  }
  return written === "" ? "0s" : written;
}

/** A duration in its two largest units: "9h 12m", "45s", "3d". Under a second it is in milliseconds. */
export function formatDurationMs(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  let left = Math.round(Math.abs(ms));
  if (left < 1000) return `${sign}${left}ms`;
  const parts: string[] = [];
  for (const unit of ["d", "h", "m", "s"] as const) {
    const count = Math.floor(left / msPerUnit[unit]);
    left -= count * msPerUnit[unit];
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return sign + parts.join(" ");
}
