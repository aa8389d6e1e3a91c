/** Finds what JSON.parse accepts and should not: unlimited nesting, duplicate names in an object, and more values than fit in memory. */

export type JsonFault = { kind: "depth" } | { kind: "count" } | { kind: "name"; name: string };

export interface JsonBounds {
  levelsMax: number;
  /** Each costs many times its bytes once it is parsed. Default: as many as the text holds. */
  valuesMax?: number | undefined;
}

/** Returns the first fault. Text that is not JSON is left to JSON.parse. */
export function scanJson(text: string, { levelsMax, valuesMax = Infinity }: JsonBounds): JsonFault | undefined {
  /** Names in each open object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let lastText = "";
  let valueCount = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') {
      const end = endOfText(text, index);
      lastText = text.slice(index, end);
      index = end - 1;
    } else if (char === "{" || char === "[") {
      if (open.push(char === "{" ? new Set() : undefined) > levelsMax) return { kind: "depth" };
      if ((valueCount += 1) > valuesMax) return { kind: "count" };
    } else if (char === ",") {
      if ((valueCount += 1) > valuesMax) return { kind: "count" };
    } else if (char === "}" || char === "]") {
      open.pop();
    } else if (char === ":") {
      const names = open.at(-1);
      const name = readText(lastText);
      if (name === undefined || names === undefined) continue;
      if (names.has(name)) return { kind: "name", name };
      names.add(name);
    }
  }
  return undefined;
}

/** Behind the closing quote of the text that begins at `start`; the end of all where there is none. */
export function endOfText(text: string, start: number): number {
  let index = start + 1;
  for (;;) {
    const quote = text.indexOf('"', index);
    if (quote < 0) return text.length;
    let slashes = quote - 1;
    while (text[slashes] === "\\") slashes -= 1;
    if ((quote - slashes) % 2 === 1) return quote + 1;
    index = quote + 1;
  }
}

function readText(written: string): string | undefined {
  if (!written.includes("\\")) return written.slice(1, -1);
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined;
  }
}
