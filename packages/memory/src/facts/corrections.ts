/**
 * What was held for true and is not any more, where it still stands: in texts that Roost shows, the new value stands in the place of the old one; what
 * a person or a model said, or a file says in other words, keeps its words, with a note. Files on the disk and transcripts are not changed.
 */
import { createHash } from "node:crypto";
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
  /** Runs that rest on it, as recorded when it was closed: what they said may say it in other words. */
  restingRuns: readonly string[];
  /** Hashes of lines of files that say it in other words, as `hashOfLine` makes them. */
  staleLines: readonly string[];
  /** The reader may not know the person's facts: not what holds instead, nor of whom, where the text does not say it. */
  isPrivate: boolean;
}

/** The newest count; older ones have left what is shown. */
const correctionsMax = 500;

/** Newest first. A value that holds again is no correction. A reader that may not know the person's facts is not told what holds instead. */
export async function readCorrections(sql: Sql, viewer: Viewer): Promise<Correction[]> {
  const rows = await sql.query<Omit<Correction, "isPrivate">>(
    `select coalesce(old.value, old.statement) as wrong, old.subject, coalesce(new.value, new.statement) as "right", new.statement, old.run_id as "runId",
       array(select d.ref::text from memory.fact_dependent d where d.fact_id = old.id and d.kind = 'run') as "restingRuns",
       array(select d.ref::text from memory.fact_dependent d where d.fact_id = old.id and d.kind = 'line') as "staleLines"
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
  const isPrivate = !mayKnow(viewer, mainLabels);
  return rows.map((row) => ({ ...row, ...(isPrivate && { right: null, statement: null }), isPrivate }));
}

/** `runId`: of the run that said the text; the values of its facts mean these also without the subject. */
export function correctText(text: string, corrections: readonly Correction[], runId?: string | null): string {
  if (corrections.length === 0 || text === "") return text;
  const folded = text.toLowerCase();
  let lines = noteStaleLines(text, corrections);
  for (const correction of corrections) {
    if (!folded.includes(correction.wrong.toLowerCase())) continue;
    lines ??= text.split("\n");
    const place = correction.right === null ? "[no longer true]" : `[corrected: ${correction.right}]`;
    for (const [index, line] of lines.entries())
      if (means(line, correction, runId)) lines[index] = line.replaceAll(patternOf(correction.wrong), place);
  }
  return lines === undefined ? text : lines.join("\n");
}

/** Whether a text says it in the words of the fact, so that these are replaced where it is shown. */
export function saysPlainly(text: string, fact: Pick<Correction, "wrong" | "right" | "subject">): boolean {
  const nowhere = { statement: null, runId: null, restingRuns: [], staleLines: [], isPrivate: false };
  return text.split("\n").some((line) => means(line, { ...fact, ...nowhere }, undefined));
}

/** As the lines of files that say in other words what was corrected are found again: 32 digits, a UUID. */
export function hashOfLine(line: string): string {
  const digits = createHash("md5").update(line.trim()).digest("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Of the corrections of a list, which one a line has by its hash: one list is asked of many texts. */
const stalePlaces = new WeakMap<readonly Correction[], ReadonlyMap<string, number>>();

function stalePlacesOf(corrections: readonly Correction[]): ReadonlyMap<string, number> {
  const known = stalePlaces.get(corrections);
  if (known !== undefined) return known;
  const places = new Map(
    corrections.flatMap(({ staleLines }, place) => staleLines.map((hash) => [hash, place] as const)),
  );
  stalePlaces.set(corrections, places);
  return places;
}

/** The lines, where one of them is known to say in other words what was corrected: it keeps them, with a note. */
function noteStaleLines(text: string, corrections: readonly Correction[]): string[] | undefined {
  const places = stalePlacesOf(corrections);
  if (places.size === 0) return undefined;
  const lines = text.split("\n");
  let isNoted = false;
  for (const [index, line] of lines.entries()) {
    const correction = corrections[places.get(hashOfLine(line)) ?? -1];
    if (correction === undefined || means(line, correction, undefined)) continue;
    lines[index] = `${line} ${noteOf([correction], line)}`;
    isNoted = true;
  }
  return isNoted ? lines : undefined;
}

/** "[Roost] corrected since: Anna lives in Munich": for a text that keeps its words; undefined when nothing of it was corrected. */
export function noteOfCorrections(
  text: string,
  corrections: readonly Correction[],
  runId?: string | null,
): string | undefined {
  const folded = text.toLowerCase();
  return noteOf(
    corrections.filter(
      (correction) =>
        folded.includes(correction.wrong.toLowerCase()) &&
        text.split("\n").some((line) => means(line, correction, runId)),
    ),
    text,
  );
}

/** The same for what a run said or noted, in whatever words: of what it rests on. */
export function noteOfRun(runId: string | null | undefined, corrections: readonly Correction[]): string | undefined {
  if (runId == null) return undefined;
  return noteOf(corrections.filter(({ restingRuns }) => restingRuns.includes(runId)));
}

/** In the place of a recorded context that says what was corrected, of whatever: it is stale as a whole. */
export function noteOfContext(context: JsonValue, corrections: readonly Correction[]): string | undefined {
  const text = corrections.length === 0 ? "" : JSON.stringify(context);
  return noteOfCorrections(
    text,
    corrections.map((each) => ({ ...each, subject: null })),
  );
}

/** What a model said: by its words, and by what it rests on. */
export function noteOfAnswer(
  text: string,
  corrections: readonly Correction[],
  runId: string | null,
): string | undefined {
  return noteOf(
    corrections.filter(
      (correction) =>
        noteOfCorrections(text, [correction], runId) !== undefined || noteOfRun(runId, [correction]) !== undefined,
    ),
    text,
  );
}

/** The text with what holds in place of what does not, and the note of what its run rests on. */
export function correctResult(text: string, corrections: readonly Correction[], runId?: string | null): string {
  const note = text === "" ? undefined : noteOfRun(runId, corrections);
  const corrected = correctText(text, corrections, runId);
  // What the words themselves show needs no note.
  return note === undefined || corrected !== text ? corrected : `${corrected}\n${note}`;
}

/** A line of what is recalled: a person's words do not rest on what their run was given. */
export function correctLine(
  { text, saidBy, runId }: { text: string; saidBy: string | null; runId: string | null },
  corrections: readonly Correction[],
): string {
  return (saidBy === "person" ? correctText : correctResult)(text, corrections, runId);
}

/** `text`: of which the note is; what it says itself is known to its reader. */
function noteOf(corrections: readonly Correction[], text = ""): string | undefined {
  const notes = corrections.map(({ statement, subject, isPrivate }) => {
    const named = subject !== null && (!isPrivate || patternOf(subject).test(text)) ? subject : "this";
    return statement ?? `what it says of ${named} is no longer true`;
  });
  return notes.length === 0 ? undefined : `[Roost] corrected since: ${[...new Set(notes)].join("; ")}`;
}

/** Every text in a value. What names a run in it is said by that run. */
export function correctValue(value: JsonValue, corrections: readonly Correction[], runId?: string | null): JsonValue {
  if (corrections.length === 0) return value;
  if (typeof value === "string") return correctText(value, corrections, runId);
  if (Array.isArray(value)) return value.map((each) => correctValue(each, corrections, runId));
  if (value === null || typeof value !== "object") return value;
  const texts = Object.values(value).filter((field) => typeof field === "string");
  const saidIn = [value["runId"], value["id"]].find((id) => corrections.some((each) => isOfRun(each, id))) ?? runId;
  // A value in a field of its own is said of the subject in the field beside it.
  const within = corrections.map((correction) => {
    const { subject } = correction;
    const isNamed = subject !== null && texts.some((text) => patternOf(subject).test(text));
    return isNamed ? { ...correction, subject: null } : correction;
  });
  stalePlaces.set(within, stalePlacesOf(corrections));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      correctValue(field, typeof field === "string" ? within : corrections, saidIn as string | undefined),
    ]),
  );
}

function isOfRun({ runId, restingRuns }: Correction, id: unknown): boolean {
  return typeof id === "string" && (id === runId || restingRuns.includes(id));
}

/** The words, and what they are said of. Where what holds has them in it, a line that says so is right. */
function means(line: string, correction: Correction, saidIn: string | null | undefined): boolean {
  const { wrong, right, subject } = correction;
  if (!patternOf(wrong).test(line)) return false;
  if (right !== null && patternOf(wrong).test(right) && line.toLowerCase().includes(right.toLowerCase())) return false;
  return subject === null || isOfRun(correction, saidIn) || patternOf(subject).test(line);
}

/** The words as whole words, in any case. */
function patternOf(words: string): RegExp {
  const escaped = RegExp.escape(words.trim()).replaceAll(/(?:\\x20| )+/g, String.raw`\s+`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped}(?![\p{L}\p{N}])`, "giu");
}
