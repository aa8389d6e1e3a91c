/** Keeps what is to be remembered: as a fact, in the log, and in the day's note. What a correction does to it is below facts/. */
import { RoostError } from "@roost/base";
import { isUntrusted, mainLabels } from "@roost/contract/labels";
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { checkStatement, inForceSql } from "../facts/fact.ts";
import { keepFact, type KeptFact, type NewFact } from "../facts/keep-fact.ts";
import { settleMemoryFile } from "../facts/settle-memory-file.ts";
import { appendLine, type AppendedNote, type DailyNote } from "./append-daily-note.ts";

export interface Remember
  extends Omit<DailyNote, "text">, Pick<NewFact, "parts" | "isMany" | "since" | "corrects" | "reason" | "confidence"> {
  /** In a sentence or two. */
  text: string;
}

export interface Remembered {
  /** Undefined when it was kept before, under this key. */
  fact: KeptFact | undefined;
  /** The day's note; undefined for sessions that keep none, and for what is known. */
  note: AppendedNote | undefined;
}

/**
 * Keeps a fact, with fact.remembered in the log and, for main and heartbeat, a line in the day's note. A cron's fact is a claim: it reaches main by
 * its next digest and is not written to a file, since other sessions would read it as memory. What is kept already in the same words is not noted
 * again: each summary of a long conversation finds it in the one before.
 * @throws RoostError `invalid_input`, `forbidden` for sessions that remember nothing, `not_found` when there is no fact to correct
 */
export async function remember(memory: Memory, given: Remember): Promise<Remembered> {
  const { kind } = given.as;
  if (kind === "subagent" || kind === "channel")
    throw new RoostError("forbidden", `a ${kind} session remembers nothing: report it in the answer`);
  let fact: KeptFact | undefined;
  const extractor = given.runId === undefined ? ("person" as const) : ("agent" as const);
  const keep = async (tx: KernelTransaction, path?: string) => {
    fact = await keepFact(tx, { ...given, sessionKind: kind, statement: given.text, extractor, path });
  };
  checkStatement(given.text);
  let note: AppendedNote | undefined;
  if (kind === "cron" || (await isKept(memory, given)))
    await memory.kernel.transact(async (tx) => {
      if (given.idempotencyKey === undefined) return keep(tx);
      await rememberResult(tx, { scope: "memory.fact", key: given.idempotencyKey }, async () => {
        await keep(tx);
        return null;
      });
    });
  else {
    note = await appendLine(memory, given, keep);
    await showFacts(memory);
  }
  return { fact, note };
}

/** By another run: what this one wrote before it was cut off is answered by its key. */
async function isKept({ kernel }: Memory, { text, parts, corrects, labels, runId }: Remember): Promise<boolean> {
  if (parts !== undefined || corrects !== undefined || isUntrusted(labels ?? mainLabels)) return false;
  const kept = await kernel.database.query(
    `select 1 from memory.fact f where ${inForceSql} and f.subject_key is null and lower(f.statement) = lower($1)
       and ($2::text is null or f.run_id::text is distinct from $2) limit 1`,
    [checkStatement(text), runId ?? null],
  );
  return kept.length > 0;
}

/** The fact is kept: where MEMORY.md cannot be written now, the next look at the home does so, and says why not. */
async function showFacts(memory: Memory): Promise<void> {
  try {
    await settleMemoryFile(memory);
  } catch (error) {
    memory.logger.warn("MEMORY.md does not show a new fact yet", { error });
  }
}
