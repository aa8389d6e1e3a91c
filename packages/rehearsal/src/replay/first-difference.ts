/** The first difference of two JSON values, with both sides: by line for texts of several lines, by path for others. */
import { canonicalJson } from "@roost/base";
import { clipText, replayLimits } from "@roost/contract/operations";

export interface FirstDifference {
  /** `.path[0].text, line 3`; empty: the whole. */
  at: string;
  /** Null: missing. */
  recorded: string | null;
  replayed: string | null;
}

/** Lines shown of a text that differs. */
const linesShown = 3;
/** Characters shown before the difference. */
const leadChars = 60;

export function firstDifference(recorded: unknown, replayed: unknown, at = ""): FirstDifference | undefined {
  if (isSame(recorded, replayed)) return undefined;
  if (typeof recorded === "string" && typeof replayed === "string") return differingText(recorded, replayed, at);
  if (Array.isArray(recorded) && Array.isArray(replayed)) {
    const index = Math.max(
      0,
      [...recorded, ...replayed].findIndex((_, place) => !isSame(recorded[place], replayed[place])),
    );
    return firstDifference(recorded[index], replayed[index], `${at}[${index}]`);
  }
  if (isObject(recorded) && isObject(replayed)) {
    const names = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])].toSorted();
    const name = names.find((each) => !isSame(recorded[each], replayed[each])) ?? "";
    return firstDifference(recorded[name], replayed[name], `${at}.${name}`);
  }
  return { at, recorded: excerptOf(recorded), replayed: excerptOf(replayed) };
}

/** A value for people, cut to the report's limit. */
export function excerptOf(value: unknown): string | null {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return clipText(text.toWellFormed(), replayLimits.excerptCharsMax);
}

function differingText(recorded: string, replayed: string, at: string): FirstDifference {
  const [before, after] = [recorded.split("\n"), replayed.split("\n")];
  const line = [...before, ...after].findIndex((_, place) => before[place] !== after[place]);
  const from = differingChar(before[line] ?? "", after[line] ?? "") - leadChars;
  const shown = (lines: string[]) => {
    if (lines.length <= line) return null;
    const text = lines.slice(line, line + linesShown).join("\n");
    return excerptOf(from > 0 ? `…${text.slice(from)}` : text);
  };
  const isLong = before.length > 1 || after.length > 1;
  return { at: isLong ? `${at}, line ${line + 1}` : at, recorded: shown(before), replayed: shown(after) };
}

function differingChar(before: string, after: string): number {
  let place = 0;
  while (place < before.length && before[place] === after[place]) place += 1;
  return place;
}

/** Missing is different from null. */
function isSame(recorded: unknown, replayed: unknown): boolean {
  return (recorded === undefined) === (replayed === undefined) && canonicalJson(recorded) === canonicalJson(replayed);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
