import type { Unreadable } from "@roost/contract/operations";
import type { Terminal } from "./create-terminal.ts";

/** Says on stderr which rows a list lacks, and why: they are stored and cannot be shown. */
export function noteUnreadable(terminal: Pick<Terminal, "note">, unreadable: readonly Unreadable[] | undefined): void {
  for (const { where, id, problem } of unreadable ?? [])
    terminal.note(`${id ?? where} cannot be shown: ${problem}`, "warn");
}
