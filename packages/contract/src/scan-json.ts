/** Finds what JSON.parse accepts and should not: unlimited nesting, and duplicate names in an object. */

export type JsonFault = { kind: "depth" } | { kind: "name"; name: string };

/** Returns the first fault. Text that is not JSON is left to JSON.parse. */
export function scanJson(text: string, levelsMax: number): JsonFault | undefined {
  /** Names in each open object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let lastText = "";
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') {
      const end = endOfText(text, index);
      lastText = text.slice(index, end + 1);
      index = end;
    } else if (char === "{" || char === "[") {
      if (open.push(char === "{" ? new Set() : undefined) > levelsMax) return { kind: "depth" };
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

function endOfText(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
  return index;
}

function readText(written: string): string | undefined {
  if (!written.includes("\\")) return written.slice(1, -1);
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined;
  }
}
