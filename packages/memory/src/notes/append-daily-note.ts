/** Daily notes and remembered facts: lines appended by compare-and-swap, safe with concurrent writers. */
import { RoostError } from "@roost/base";
import { isUntrusted } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import { homeLimits } from "../disk/home-limits.ts";
import { findHomeFile } from "../files/read-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import type { Memory } from "../memory.ts";
import { nameSources } from "../visibility/name-sources.ts";
import { dailyNotePath } from "../visibility/daily-note-path.ts";
import type { Author, Viewer } from "../visibility/viewer.ts";
import { refuseUnwritable } from "../visibility/visibility.ts";

export interface DailyNote extends Author {
  text: string;
  as: Viewer;
  /** The same note under the same key is written once, also across a crash. */
  idempotencyKey?: string | undefined;
}

export interface AppendedNote {
  path: string;
  /** Undefined when it was already written under this key. */
  sha256: string | undefined;
}

/** Appends to today's note, by the home's time zone. @throws RoostError `forbidden` for sessions that do not keep notes */
export async function appendDailyNote(memory: Memory, note: DailyNote): Promise<AppendedNote> {
  return appendLine(memory, note);
}

/** As appendDailyNote, with further records in the same transaction. */
export async function appendLine(
  memory: Memory,
  note: DailyNote,
  alongside?: (tx: KernelTransaction, path: string) => Promise<void>,
): Promise<AppendedNote> {
  const text = note.text.trim();
  if (text === "" || text.length > homeLimits.noteCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a note has 1 to ${homeLimits.noteCharsMax} characters, this one has ${text.length}: put longer texts in a separate file`,
    );
  }
  const nowMs = memory.kernel.clock.nowMs();
  const day = memory.calendar.dayAt(nowMs);
  const path = dailyNotePath(day);
  refuseUnwritable(note.as, path);
  const line = lineOf(note, { text, time: memory.calendar.timeOfDayAt(nowMs) });
  for (let attempt = 0; attempt < homeLimits.mergeAttemptsMax; attempt += 1) {
    const current = await findHomeFile(memory, path, { as: note.as });
    const before =
      current === undefined
        ? `# ${day}\n\n`
        : current.text.endsWith("\n") || current.text === ""
          ? current.text
          : `${current.text}\n`;
    const { by, runId, sessionKey, sessionKind, labels, as, idempotencyKey } = note;
    const outcome = await writeHomeFile(memory, {
      path,
      text: before + line,
      expected: current?.sha256 ?? "absent",
      as,
      by,
      runId,
      sessionKey,
      sessionKind,
      labels,
      remember: idempotencyKey === undefined ? undefined : { scope: "memory.note", key: idempotencyKey },
      alongside: alongside === undefined ? undefined : (tx: KernelTransaction) => alongside(tx, path),
    });
    if (outcome.state === "written") return { path, sha256: outcome.sha256 };
    if (outcome.state === "repeated") return { path, sha256: undefined };
  }
  throw new RoostError(
    "conflict",
    `${path} was changed by others ${homeLimits.mergeAttemptsMax} times while a line was added: try again`,
  );
}

/** Untrusted content stands in a fenced block that says so; the file remembers the labels of its lines. */
function lineOf({ by, labels }: DailyNote, { text, time }: { text: string; time: string }): string {
  const indented = text.replaceAll("\n", "\n  ");
  if (labels === undefined || !isUntrusted(labels)) return `- ${time} ${indented}\n`;
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `- ${time} ${by}, from ${nameSources(labels)}:\n  ${fence}untrusted\n  ${indented}\n  ${fence}\n`;
}
