/**
 * The cards of a vCard file, 2.1, 3.0 and 4.0 mixed as they come. A card that cannot be read is refused by its line and
 * costs itself alone; a property that cannot be read is told with its card.
 */
import { parseCardLine, type CardProperty } from "./parse-card-line.ts";
import { readCardLines } from "./read-card-lines.ts";

export interface Card {
  /** As written, `2.1` where it is missing. */
  version: string;
  /** Where it begins, from 1. */
  line: number;
  properties: CardProperty[];
}

export interface CardFault {
  line: number;
  reason: string;
}

export const cardLimits = { propertiesMax: 2000, lineBytesMax: 8 * 1024 * 1024 } as const;

export function* readCards(bytes: Uint8Array): Generator<{ card: Card } | { fault: CardFault }> {
  let card: Card | undefined;
  let fault: string | undefined;
  let depth = 0;
  for (const line of readCardLines(bytes)) {
    const property = line.text.length > cardLimits.lineBytesMax ? undefined : parseCardLine(line);
    const isBegin = isMark(property, "BEGIN");
    if (card === undefined) {
      if (isBegin) card = { version: "2.1", line: line.number, properties: [] };
      else if (!isMark(property, "END")) yield { fault: { line: line.number, reason: "stands outside of a card" } };
      continue;
    }
    // A card may stand in a card (AGENT of 2.1 and 3.0); otherwise the one before was torn.
    if (isBegin && (depth > 0 || card.properties.at(-1)?.name === "AGENT")) depth += 1;
    else if (isBegin) {
      yield { fault: { line: card.line, reason: `begins a card that has no END before line ${line.number}` } };
      [card, fault] = [{ version: "2.1", line: line.number, properties: [] }, undefined];
    } else if (isMark(property, "END")) {
      depth -= 1;
      if (depth >= 0) continue;
      yield fault === undefined ? { card } : { fault: { line: card.line, reason: fault } };
      [card, fault, depth] = [undefined, undefined, 0];
    } else if (depth === 0) {
      if (property === undefined) yield { fault: { line: line.number, reason: describeUnreadable(line.text) } };
      else if (property.name === "VERSION") card.version = property.value;
      else if (card.properties.length < cardLimits.propertiesMax) card.properties.push(property);
      else fault ??= `begins a card of more than ${cardLimits.propertiesMax} properties`;
    }
  }
  if (card !== undefined)
    yield { fault: { line: card.line, reason: "begins a card that has no END: the file is cut off" } };
}

function isMark(property: CardProperty | undefined, name: "BEGIN" | "END"): boolean {
  return property?.name === name && property.value.toUpperCase() === "VCARD";
}

function describeUnreadable(text: string): string {
  return text.length > cardLimits.lineBytesMax
    ? `is a property of more than ${cardLimits.lineBytesMax / 1024 / 1024} MB`
    : "is not a property: it has no name before a colon";
}
