/** Parsers of option values for commander. */
import { parseDurationMs, RoostError } from "@roost/base";

/** @throws RoostError `invalid_input` */
export function parseOptionDuration(text: string): number {
  if (/^\s*0*[1-9]\d*\s*$/.test(text))
    throw new RoostError("invalid_input", `"${text}" has no unit: write it like 90s, 30m, 1h30m or 2d`);
  return parseDurationMs(text);
}

/** For lists: at least one. @throws RoostError `invalid_input` */
export function parseOptionLimit(text: string): number {
  const count = parseOptionCount(text);
  if (count === 0) throw new RoostError("invalid_input", "0 shows nothing: give 1 or more");
  return count;
}

/** @throws RoostError `invalid_input` */
export function parseOptionCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RoostError("invalid_input", `"${text}" is not a whole number, 0 or greater`);
  return Number(text);
}

/** @throws RoostError `invalid_input` */
export function parseOptionAmount(text: string): number {
  const amount = Number(text);
  if (text.trim() === "" || !Number.isFinite(amount) || amount < 0)
    throw new RoostError("invalid_input", `"${text}" is not an amount like 0.50`);
  return amount;
}

/** For options that may be repeated. */
export function collectOption(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** @throws RoostError `invalid_input` */
export function parseOptionNumber(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new RoostError("invalid_input", `"${text}" is not a whole number`);
  return Number(text);
}

/** @throws RoostError `invalid_input` */
export function parseOptionFields(text: string): Record<string, unknown> {
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields))
      return fields as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new RoostError("invalid_input", `"${text}" is not a JSON object like {"prompt":"again"}`);
}
