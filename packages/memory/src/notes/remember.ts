import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { authorFields } from "../records/file-records.ts";
import { appendLine, type AppendedNote, type DailyNote } from "./append-daily-note.ts";

const factCharsMax = 4_000;

/**
 * Keeps a fact: fact.remembered in the log and, for main and heartbeat, a line in the day's note. A cron's fact reaches main by its next digest and
 * is not written to a file: other sessions would read it as memory.
 */
export async function remember(memory: Memory, fact: DailyNote): Promise<AppendedNote | undefined> {
  if (fact.text.trim() === "" || fact.text.length > factCharsMax) {
    throw new RoostError(
      "invalid_input",
      `a fact has 1 to ${factCharsMax} characters, this one has ${fact.text.length}: write longer texts to a file`,
    );
  }
  const { kind } = fact.as;
  if (kind === "subagent" || kind === "channel")
    throw new RoostError("forbidden", `a ${kind} session remembers nothing: report it in the answer`);
  const emit = (tx: KernelTransaction, path?: string) => {
    const text = fact.text.trim();
    tx.emit({
      type: "fact.remembered",
      subject: path ?? fact.by,
      labels: formatLabels(fact.labels ?? mainLabels),
      data: { ...authorFields(fact), text, ...(path !== undefined && { path }) },
    });
  };
  if (kind !== "cron") return appendLine(memory, fact, async (tx, path) => emit(tx, path));
  await memory.kernel.transact(async (tx) => {
    if (fact.idempotencyKey === undefined) return emit(tx);
    await rememberResult(tx, { scope: "memory.fact", key: fact.idempotencyKey }, async () => {
      emit(tx);
      return null;
    });
  });
  return undefined;
}
