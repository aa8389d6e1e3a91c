/**
 * What was held for true and is not any more, where it still stands: in texts that Roost shows, the new value stands in the place of the old one; what
 * a person or a model said keeps its words, with a note. Files on the disk and transcripts are not changed.
 */
import type { JsonValue } from "@roost/base";
import { mainLabels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";

export interface Correction {
  /** The value, or else the sentence, that does not hold. */
  wrong: string;
  /** A line means the fact when it names this as well. */
  subject: string | null;
  /** What holds instead; null: nothing is known. */
  right: string | null;
  /** The same in words. */
  statement: string | null;
  /** The run in which it was said. */
  runId: string | null;
}

/** The newest count; older ones have left what is shown. */
const correctionsMax = 500;

/** Newest first. A value that holds again is no correction. Who may not know the person's facts is not told what holds instead. */
export async function readCorrections(sql: Sql, viewer: Viewer): Promise<Correction[]> {
  const rows = await sql.query<Correction>(
    `select coalesce(old.value, old.statement) as wrong, old.subject, coalesce(new.value, new.statement) as "right", new.statement, old.run_id as "runId"
     from memory.fact old left join lateral (
       select n.value, n.statement from memory.fact n where n.retracted_at is null and n.valid @> roost.now() and not n.is_claim
         and (n.id = old.replaced_by or n.subject_key = old.subject_key and n.attribute_key = old.attribute_key and n.is_single)
       order by n.recorded_at desc limit 1) as new on true
     where (old.retracted_at is not null or upper(old.valid) <= roost.now()) and not old.is_claim and not exists (
       select 1 from memory.fact again where again.retracted_at is null and again.valid @> roost.now() and not again.is_claim
         and again.subject_key is not distinct from old.subject_key and again.attribute_key is not distinct from old.attribute_key
         and lower(coalesce(again.value, again.statement)) = lower(coalesce(old.value, old.statement)))
     order by greatest(old.retracted_at, upper(old.valid)) desc limit ${correctionsMax}`,
    [],
    { name: "memory_read_corrections" },
  );
  return mayKnow(viewer, mainLabels) ? rows : rows.map((row) => ({ ...row, right: null, statement: null }));
}

/** `runId`: of the run that said the text; the values of its facts mean these also without the subject. */
export function correctText(text: string, corrections: readonly Correction[], runId?: string | null): string {
  if (corrections.length === 0 || text === "") return text;
  const folded = text.toLowerCase();
  let lines: string[] | undefined;
  for (const correction of corrections) {
    if (!folded.includes(correction.wrong.toLowerCase())) continue;
    lines ??= text.split("\n");
    const place = correction.right === null ? "[no longer true]" : `[corrected: ${correction.right}]`;
    for (const [index, line] of lines.entries())
      if (means(line, correction, runId)) lines[index] = line.replaceAll(patternOf(correction.wrong), place);
  }
  return lines === undefined ? text : lines.join("\n");
}

/** "[Roost] corrected since: Anna lives in Munich": for a text that keeps its words; undefined when nothing of it was corrected. */
export function noteOfCorrections(
  text: string,
  corrections: readonly Correction[],
  runId?: string | null,
): string | undefined {
  const folded = text.toLowerCase();
  const notes = corrections
    .filter(
      (correction) =>
        folded.includes(correction.wrong.toLowerCase()) &&
        text.split("\n").some((line) => means(line, correction, runId)),
    )
    .map(({ statement, subject }) => statement ?? `what it says of ${subject ?? "this"} is no longer true`);
  return notes.length === 0 ? undefined : `[Roost] corrected since: ${[...new Set(notes)].join("; ")}`;
}

/** Every text in a value. */
export function correctValue(value: JsonValue, corrections: readonly Correction[]): JsonValue {
  if (corrections.length === 0) return value;
  if (typeof value === "string") return correctText(value, corrections);
  if (Array.isArray(value)) return value.map((each) => correctValue(each, corrections));
  if (value === null || typeof value !== "object") return value;
  const texts = Object.values(value).filter((field) => typeof field === "string");
  // A value in a field of its own is said of the subject in the field beside it.
  const within = corrections.map((correction) => {
    const { subject } = correction;
    const isNamed = subject !== null && texts.some((text) => patternOf(subject).test(text));
    return isNamed ? { ...correction, subject: null } : correction;
  });
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      correctValue(field, typeof field === "string" ? within : corrections),
    ]),
  );
}

/** The words, and what they are said of. Where what holds has them in it, a line that says so is right. */
function means(line: string, { wrong, right, subject, runId }: Correction, saidIn: string | null | undefined): boolean {
  if (!patternOf(wrong).test(line)) return false;
  if (right !== null && patternOf(wrong).test(right) && line.toLowerCase().includes(right.toLowerCase())) return false;
  return subject === null || (runId !== null && runId === saidIn) || patternOf(subject).test(line);
}

/** The words as whole words, in any case. */
function patternOf(words: string): RegExp {
  const escaped = RegExp.escape(words.trim()).replaceAll(/(?:\\x20| )+/g, String.raw`\s+`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped}(?![\p{L}\p{N}])`, "giu");
}
