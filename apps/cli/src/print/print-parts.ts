import { describePart, type Part } from "@roost/contract/part";
import type { Terminal } from "./create-terminal.ts";
import { plainLine } from "@roost/base/text-width";

/** Each as `[image photo.jpg 1.2 MB image/jpeg]`, and the command that fetches it. */
export function printParts(terminal: Terminal, parts: readonly Part[]): void {
  for (const part of parts) {
    terminal.line(`[${plainLine(describePart(part))}]`);
    if (part.sha256 !== undefined) terminal.line(terminal.paint(terminal.named(`roost part ${part.sha256}`), "dim"));
  }
}
