/** Looks through JSON text for what JSON.parse takes and should not: nesting without end, and a name given twice in one object. */

export type JsonFault = { kind: "depth" } | { kind: "name"; name: string };

/** The first fault of a text, or nothing. A text that is not JSON is JSON.parse's to refuse. */
export function scanJson(text: string, levelsMax: number): JsonFault | undefined {
  /** The names of each open object; undefined for a list. */
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
