/**
 * The part of MEMORY.md that shows the home's facts, one line each: found, written, and compared with what it was, so that a person's edit is
 * understood as what it says. Everything else in the file is the person's own prose and stays as it is. Pure.
 */
import { wordsOf } from "../records/line-marks.ts";
import { foldPart, type Fact, type FactParts } from "./fact.ts";

const begin = "<!-- facts: Roost keeps these lines; change, add and remove them as you like -->";
const end = "<!-- end of facts -->";
const heading = "## Facts";

/** A fact with its line. */
export type FactLine = readonly [id: string, line: string];

export interface FactBlock {
  /** Items of the block. Undefined: the file has none. */
  items: { text: string; lineNumber: number }[] | undefined;
  /** What stands in the block and is no item: it is kept below the block. */
  others: string[];
  before: string;
  after: string;
}

export function readBlock(text: string): FactBlock {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.trim().startsWith("<!-- facts:"));
  if (from === -1) return { items: undefined, others: [], before: text, after: "" };
  const found = lines.findIndex((line, index) => index > from && line.trim() === end);
  // Without its end the block has the items that follow its beginning.
  const firstOther = lines.findIndex((line, index) => index > from && line.trim() !== "" && itemOf(line) === undefined);
  const to = found !== -1 ? found : firstOther === -1 ? lines.length : firstOther;
  const items: NonNullable<FactBlock["items"]> = [];
  const others: string[] = [];
  for (let index = from + 1; index < to; index += 1) {
    const item = itemOf(lines[index]!);
    if (item !== undefined) items.push({ text: item, lineNumber: index + 1 });
    else if (lines[index]!.trim() !== "" && !isOwn(lines[index]!.trim())) others.push(lines[index]!);
  }
  return {
    items,
    others,
    before: lines.slice(0, from).join("\n"),
    after: lines.slice(found === -1 ? to : found + 1).join("\n"),
  };
}

/** The file's text with these facts. */
export function writeBlock(block: FactBlock, lines: readonly string[], leftOutCount: number): string {
  const before = block.before.trimEnd();
  const hasHeading = before.endsWith(heading);
  const rest = [block.others.join("\n"), block.after.trim()].filter((part) => part.trim() !== "").join("\n\n");
  const more = leftOutCount === 0 ? [] : [`<!-- ${leftOutCount} older ones: roost facts, or recall -->`];
  const shown = [begin, ...lines.map((line) => `- ${line}`), ...more, end].join("\n");
  const parts = [
    ...(before === "" ? [] : [before]),
    ...(hasHeading ? [] : [heading]),
    shown,
    ...(rest === "" ? [] : [rest]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** `**Anna** lives in: Munich`, or the sentence. */
export function lineOf({ subject, attribute, value, statement }: Pick<Fact, keyof FactParts | "statement">): string {
  return subject === null ? statement : `**${subject}** ${attribute}: ${value}`;
}

export function partsOfLine(line: string): FactParts | undefined {
  const [, subject, attribute, value] = /^\*\*(.+?)\*\* ([^:]+): (.+)$/.exec(line) ?? [];
  return subject === undefined ? undefined : { subject, attribute: attribute!, value: value! };
}

export interface BlockChanges {
  added: string[];
  corrected: { id: string; line: string }[];
  removed: string[];
  /** The lines that stand for known facts, as they are now. */
  kept: FactLine[];
}

/** What was done to the lines: a new one that says much of what one that is gone said corrects it. */
export function compareBlocks(before: readonly FactLine[], items: readonly string[]): BlockChanges {
  const left = items.map((text) => foldPart(text));
  const kept: FactLine[] = [];
  const gone: FactLine[] = [];
  const corrected: BlockChanges["corrected"] = [];
  const taken = new Set<number>();
  for (const [id, line] of before) {
    const at = left.findIndex((text, index) => !taken.has(index) && text === foldPart(line));
    if (at === -1) gone.push([id, line]);
    else {
      taken.add(at);
      // Another spelling of the same is the person's edit too.
      if (plain(items[at]!) === plain(line)) kept.push([id, items[at]!]);
      else corrected.push({ id, line: items[at]! });
    }
  }
  const fresh = items.filter((_item, index) => !taken.has(index));
  const removed: string[] = [];
  for (const [id, line] of gone) {
    const best = fresh
      .map((text, index) => ({ index, share: likeness(line, text) }))
      .sort((a, b) => b.share - a.share)[0];
    if (best === undefined || best.share < likenessMin) removed.push(id);
    else corrected.push({ id, line: fresh.splice(best.index, 1)[0]! });
  }
  return { added: fresh, corrected, removed, kept };
}

const likenessMin = 0.4;

function likeness(a: string, b: string): number {
  const [left, right] = [partsOfLine(a), partsOfLine(b)];
  if (left !== undefined && right !== undefined && foldPart(left.subject) === foldPart(right.subject))
    return foldPart(left.attribute) === foldPart(right.attribute)
      ? 2
      : foldPart(left.value) === foldPart(right.value)
        ? 1
        : 0;
  const [ofA, ofB] = [wordsOf(foldPart(a)), wordsOf(foldPart(b))];
  const common = ofA.intersection(ofB).size;
  return common / Math.max(1, ofA.size, ofB.size);
}

/** What Roost writes between the items. */
function isOwn(line: string): boolean {
  return line === heading || /^<!-- \d+ older ones: .*-->$/.test(line);
}

function itemOf(line: string): string | undefined {
  const [, text] = /^\s{0,3}[-*+]\s+(.*\S)\s*$/.exec(line) ?? [];
  return text;
}

function plain(text: string): string {
  return text.trim().split(/\s+/).join(" ");
}
