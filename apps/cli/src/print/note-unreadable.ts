import type { Unreadable } from "@roost/contract/operations";
import type { Terminal } from "./create-terminal.ts";

/** Notes on stderr which stored rows cannot be shown, and why. */
export function noteUnreadable(terminal: Pick<Terminal, "note">, unreadable: readonly Unreadable[] | undefined): void {
  for (const { where, id, problem } of unreadable ?? [])
    terminal.note(`${id ?? where} cannot be shown: ${problem}`, "warn");
}
