/** Replaces fields of a JSON object in its text, so that everything else stays as its sender wrote it, numbers beyond JavaScript's included. */
import { RoostError } from "@roost/base";
import { endOfText } from "@roost/contract";

/** `text` is a JSON object that JSON.parse takes. @throws RoostError `invalid_input` for a field to be replaced that stands twice */
export function spliceFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  const left = new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]));
  const seen = new Set<string>();
  let out = "";
  let copied = 0;
  let index = skipSpace(text, text.indexOf("{") + 1);
  const isEmpty = text[index] === "}";
  while (text[index] === '"') {
    const nameEnd = endOfText(text, index);
    const name = JSON.parse(text.slice(index, nameEnd)) as string;
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, start);
    if (Object.hasOwn(fields, name)) {
      if (seen.has(name))
        throw new RoostError("invalid_input", `the body has the field "${name}" twice: give it once`, {
          details: { param: name },
        });
      seen.add(name);
      out += text.slice(copied, start) + left.get(name)!;
      copied = end;
      left.delete(name);
    }
    index = skipSpace(text, end);
    if (text[index] === ",") index = skipSpace(text, index + 1);
  }
  const added = [...left].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",");
  out += text.slice(copied, index);
  return `${out}${added === "" ? "" : isEmpty ? added : `,${added}`}}`;
}

function skipSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && text.charCodeAt(index) <= 32) index += 1;
  return index;
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfText(text, start);
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const char = text[index]!;
    if (char === '"') {
      index = endOfText(text, index);
      continue;
    }
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") {
      if (depth === 0) return index;
      depth -= 1;
    }
    if (char === "," && depth === 0) return index;
    index += 1;
  }
  return index;
}
