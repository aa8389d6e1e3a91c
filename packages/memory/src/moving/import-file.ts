/**
 * Takes over a file of another home. Three versions are compared: as the last import brought it, as it is here, as it is there. What changed on one
 * side is taken from that side; what changed on both stays as it is here. A file that is here already under the same name stays, and theirs stands
 * beside it, except for an unchanged starter file. The bytes of a large one were brought before its record (files/take-incoming.ts).
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { openLabels, parseLabels, untrustedFrom } from "@roost/contract/labels";
import type { HomeRecordOf, ImportOutcome } from "@roost/contract/operations";
import { resolveHomePath, type ResolvedPath } from "../disk/home-path.ts";
import { homeLimits } from "../disk/home-limits.ts";
import { hashOf, textOf } from "../disk/read-disk-file.ts";
import { putInPlace } from "../files/large-files.ts";
import { stageIncoming, takeBrought } from "../files/take-incoming.ts";
import { putHomeFile } from "../files/write-home-file.ts";
import type { NewFile } from "../files/write-new-files.ts";
import type { WriteRequest } from "../files/write-request.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { parseState } from "../state/parse-state.ts";
import { setState } from "../state/set-state.ts";
import { classifyPath, stateNameOf } from "../visibility/home-file-class.ts";
import { findHere, type Here } from "./find-here.ts";
import { outcomeOf, saveImported, type ImportedRow, type ImportTerms } from "./imported.ts";

type FileRecord = HomeRecordOf<"file">;

interface Incoming {
  record: FileRecord;
  options: ImportTerms;
  target: ResolvedPath;
  /** Undefined: it was brought. */
  bytes: Buffer | undefined;
  sha256: string;
  base: ImportedRow | undefined;
  disk: Here | undefined;
  together: NewImport[] | undefined;
}

/** A file that is not here yet, and may be written together with others. */
export interface NewImport extends NewFile {
  record: FileRecord;
  row: ReturnType<typeof rowOf>;
}

export interface FileTerms extends ImportTerms {
  /** As the last import brought it. */
  base: ImportedRow | undefined;
  /** Given, it takes the files that are not here yet, for `writeNewFiles`, and they count as created. */
  together?: NewImport[] | undefined;
}

/** @throws RoostError when this one cannot be taken over */
export async function importFile(
  memory: Memory,
  record: FileRecord,
  { base, together, ...options }: FileTerms,
): Promise<ImportOutcome> {
  requireDisk(memory, "an import of files");
  const content = contentOf(record);
  const target = await resolveHomePath(memory.homeDir, base?.place ?? record.path);
  refuseForeign(target.path, options);
  if (content.bytes === undefined && stateNameOf(target.path) !== undefined)
    throw new RoostError("invalid_input", "it is no state: that is one JSON value, in a record of its own");
  const disk = await findHere(memory, target);
  return decide(memory, { record, options, target, ...content, base, disk, together });
}

async function decide(memory: Memory, incoming: Incoming): Promise<ImportOutcome> {
  const { record, options, target, sha256, base, disk } = incoming;
  const { path } = target;
  const same = { path };
  if (disk?.sha256 === sha256 || (disk !== undefined && isSameState(path, disk, incoming))) {
    const isKnown = base?.sha256 === sha256;
    if (!isKnown && options.isDryRun !== true) await note(memory, incoming, disk.sha256);
    return outcomeOf(record, "same", same);
  }
  if (base !== undefined) {
    const isSameThere = base.sha256 === sha256;
    const isSameHere = disk?.sha256 === (base.hereSha256 ?? base.sha256);
    if (disk === undefined) {
      if (options.restores !== true)
        return outcomeOf(record, "removed", { path, reason: "it was removed here; --removed brings it back" });
      return put(memory, incoming, "created");
    }
    if (isSameHere && isSameThere) return outcomeOf(record, "same", same);
    if (isSameHere || options.replaces === true) return put(memory, incoming, "changed");
    if (isSameThere) return outcomeOf(record, "kept", { path, reason: "changed here since", isOnlyHere: true });
    return outcomeOf(record, "kept", { path, reason: "changed on both sides: --replace takes theirs" });
  }
  if (disk === undefined) return put(memory, incoming, "created");
  if (options.replaces === true || (await isStarter(memory, disk))) return put(memory, incoming, "changed");
  return besideIt(memory, incoming);
}

/** There is another of this name: theirs gets a name of its own. */
async function besideIt(memory: Memory, incoming: Incoming): Promise<ImportOutcome> {
  const { record, options, target } = incoming;
  const folder =
    options.source
      .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(-60) || "home";
  const path = `imported/${folder}/${target.path}`;
  const beside = await resolveHomePath(memory.homeDir, path);
  const disk = await findHere(memory, beside);
  const reason = `${target.path} is another file here, which stays: --replace takes theirs`;
  if (disk !== undefined && disk.sha256 !== incoming.sha256)
    return outcomeOf(record, "kept", { path: target.path, reason: `${reason}; ${path} is taken as well` });
  const outcome = await put(memory, { ...incoming, target: beside, disk }, "created");
  return { ...outcome, action: "beside", reason };
}

async function put(memory: Memory, incoming: Incoming, action: "created" | "changed"): Promise<ImportOutcome> {
  const { record, options, target, disk } = incoming;
  const { path } = target;
  if (options.isDryRun === true) return outcomeOf(record, action, { path });
  const stateName = stateNameOf(path);
  if (stateName !== undefined) {
    const parsed = parseState(String(incoming.bytes));
    if (parsed.state === "invalid") throw new RoostError("invalid_input", `it is no state: ${parsed.problem}`);
    await putState(memory, incoming, { name: stateName, value: parsed.value });
    return outcomeOf(record, action, { path });
  }
  const { bytes, behind } = await withStarterRules(memory, incoming);
  const kept = { ...record.kept, ...(behind !== undefined && { behind }) };
  const row = rowOf(incoming, bytes === undefined ? incoming.sha256 : hashOf(bytes), kept);
  const isLargeHere = disk !== undefined && disk.content === undefined;
  if (disk === undefined && bytes !== undefined && incoming.together !== undefined)
    incoming.together.push({ record, target, bytes, request: authorOf(incoming), row });
  else if (bytes === undefined || isLargeHere) await putFromFile(memory, incoming, { bytes, row });
  else await putBytes(memory, incoming, { bytes, row });
  return outcomeOf(record, action, { path });
}

type Row = ReturnType<typeof rowOf>;

async function putBytes(memory: Memory, incoming: Incoming, { bytes, row }: { bytes: Buffer; row: Row }) {
  const { target, disk, options } = incoming;
  const written = await putHomeFile(
    memory,
    {
      ...authorOf(incoming),
      expected: disk?.sha256 ?? "absent",
      as: { kind: "main" },
      alongside: (tx) => saveImported(tx, options.source, [row]),
    },
    { target, bytes },
  );
  if (written.state === "conflict") throw changedMeanwhile(target);
}

/** Where one of the two is too large to be read within a transaction, as what hosts bring. `bytes`: undefined where they were brought. */
async function putFromFile(
  memory: Memory,
  incoming: Incoming,
  { bytes, row }: { bytes: Buffer | undefined; row: Row },
): Promise<void> {
  const { record, target, disk, options } = incoming;
  const place = async (file: string, content: { sha256: string; bytes: number }) => {
    const { state } = await putInPlace(memory, {
      ...target,
      ...content,
      ...authorOf(incoming),
      expected: disk?.sha256 ?? "absent",
      file,
      alongside: (tx) => saveImported(tx, options.source, [row]),
    });
    if (state !== "written") throw changedMeanwhile(target);
  };
  if (bytes === undefined) {
    const brought = record.brought!;
    await takeBrought(memory, brought, (file) => place(file, brought));
    return;
  }
  const file = await stageIncoming(memory, bytes);
  try {
    await place(file, { sha256: hashOf(bytes), bytes: bytes.length });
  } finally {
    await rm(file, { force: true });
  }
}

function changedMeanwhile({ path }: ResolvedPath): RoostError {
  return new RoostError("conflict", `${path} was changed at the same moment: import again`);
}

/** The person vouches for what they bring, unless it says otherwise; where programs write, as for an edit from outside. */
function authorOf({ record, options, target }: Incoming): Pick<WriteRequest, "by" | "labels" | "marks"> {
  const { class: kind } = classifyPath(target.path);
  const isOfPrograms = kind === "work" || kind === "state";
  const labels =
    record.labels !== undefined
      ? parseLabels(record.labels)
      : isOfPrograms
        ? untrustedFrom("import", options.source)
        : openLabels;
  const marks = record.sections?.map(([from, count, texts]) => ({ from, count, labels: parseLabels(texts) }));
  return { by: options.by, labels, marks };
}

async function putState(
  memory: Memory,
  incoming: Incoming,
  { name, value }: { name: string; value: JsonValue },
): Promise<void> {
  const { by, labels } = authorOf(incoming);
  const outcome = await setState(memory, { name, value, by, labels });
  await note(memory, incoming, outcome.sha256 ?? incoming.sha256);
}

async function note(memory: Memory, incoming: Incoming, hereSha256: string): Promise<void> {
  const { options, record } = incoming;
  await saveImported(memory.kernel.database, options.source, [rowOf(incoming, hereSha256, record.kept)]);
}

function rowOf({ record, target, sha256 }: Incoming, here: string, kept: object | undefined) {
  const isKept = kept !== undefined && Object.keys(kept).length > 0;
  return {
    ref: record.ref,
    kind: "file",
    sha256,
    hereSha256: here === sha256 ? null : here,
    place: target.path,
    kept: isKept ? (kept as JsonObject) : null,
  };
}

/** The starter's rules keep agents out of each other's way here: they stand behind those that come. */
async function withStarterRules(
  memory: Memory,
  incoming: Incoming,
): Promise<{ bytes: Buffer | undefined; behind?: string }> {
  const { bytes, target, disk, base, options } = incoming;
  if (bytes === undefined) return { bytes };
  const known = base?.kept?.["behind"];
  const isFirst = base === undefined && disk !== undefined && options.isWholeHome !== true;
  const isJoined = target.path === "AGENTS.md" && isFirst && (await isStarter(memory, disk));
  const behind = typeof known === "string" ? known : isJoined ? disk.sha256 : undefined;
  const kept = behind === undefined ? undefined : await memory.versions.get(behind);
  const rules = kept === undefined ? (isJoined ? disk.content : undefined) : Buffer.from(kept);
  const text = rules && textOf(rules);
  if (behind === undefined || text === undefined) return { bytes };
  if (kept === undefined) await memory.versions.put(rules!);
  return { bytes: Buffer.from(`${bytes.toString().trimEnd()}\n\n${text}`), behind };
}

/** Whether it is as the first start made it: the mark of the home is written after its files. */
async function isStarter({ homeDir }: Memory, disk: Here): Promise<boolean> {
  try {
    const mark = JSON.parse(await readFile(join(homeDir, ".roost", "home.json"), "utf8")) as Record<string, unknown>;
    const createdMs = Date.parse(String(mark["createdAt"]));
    return mark["filled"] === true && disk.modifiedAt.getTime() <= createdMs;
  } catch {
    return false;
  }
}

function isSameState(path: string, { content }: Here, { bytes }: Incoming): boolean {
  if (stateNameOf(path) === undefined || content === undefined || bytes === undefined) return false;
  const [here, there] = [parseState(content.toString()), parseState(bytes.toString())];
  return (
    here.state !== "invalid" && there.state !== "invalid" && JSON.stringify(here.value) === JSON.stringify(there.value)
  );
}

const ofThePerson: Readonly<Record<string, string>> = {
  settings: "settings, agents and hooks say what agents may reach and spend",
  service: "services are programs",
};

function refuseForeign(path: string, { isWholeHome }: ImportTerms): void {
  const { class: kind } = classifyPath(path);
  const isAgent = /^agents\/[^/]+\.md$/.test(path);
  const why = isWholeHome === true || isAgent ? undefined : ofThePerson[kind];
  if (why !== undefined) throw new RoostError("forbidden", `${why}: copy ${path} by hand if you want it`);
}

function contentOf({ text, base64, brought }: FileRecord): Pick<Incoming, "bytes" | "sha256"> {
  if (brought !== undefined) return { bytes: undefined, sha256: brought.sha256 };
  if (text !== undefined && !text.isWellFormed()) throw new RoostError("invalid_input", "its text is not well-formed");
  const bytes = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text);
  if (bytes.length > homeLimits.fileBytesMax)
    throw new RoostError(
      "limit_exceeded",
      `it has ${bytes.length} bytes (limit ${homeLimits.fileBytesMax}): bring it in parts, or split it`,
    );
  return { bytes, sha256: hashOf(bytes) };
}
