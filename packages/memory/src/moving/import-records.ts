/** Takes over what another home is made of, record by record: one that cannot be taken over is refused by itself. */
import { RoostError, severalAtOnce } from "@roost/base";
import type { HomeRecord, HomeRecordOf, ImportOutcome } from "@roost/contract/operations";
import type { KernelTransaction } from "@roost/kernel";
import { readHomeId } from "../home/hold-database.ts";
import type { Memory } from "../memory.ts";
import { refuseOutage } from "../refuse-outage.ts";
import { importKept, importMessages, importSessions } from "./import-messages.ts";
import {
  importBase,
  importFact,
  importHistory,
  importPart,
  importState,
  importView,
  refuseUnlessWhole,
} from "./import-facts.ts";
import { newFilesMax, writeNewFiles } from "../files/write-new-files.ts";
import { importFile, type NewImport } from "./import-file.ts";
import { importHeartbeat, importItem, importSource } from "./import-source.ts";
import { outcomeOf, readImported, saveImported, type ImportTerms } from "./imported.ts";

/** Kinds that this room owns. */
export const memoryRecordKinds = [
  "file",
  "session",
  "message",
  "kept",
  "fact",
  "view",
  "state",
  "part",
  "history",
  "base",
  "source",
  "item",
  "heartbeat",
] as const;
export type MemoryRecord = HomeRecordOf<(typeof memoryRecordKinds)[number]>;

/** Rolls back what a rehearsal wrote. */
class Rehearsed extends Error {
  readonly outcomes: ImportOutcome[];
  constructor(outcomes: ImportOutcome[]) {
    super("a dry run changes nothing");
    this.outcomes = outcomes;
  }
}

/** A file waits for the disk several times: others are written meanwhile. */
const filesAtOnce = 8;

/** A session before its messages, facts before the files that show them, files of one place one after another. */
export async function importRecords(
  memory: Memory,
  records: readonly MemoryRecord[],
  options: ImportTerms,
): Promise<ImportOutcome[]> {
  const said = records.filter((record): record is Said => record.kind !== "file" && record.kind !== "state");
  const outcomes = said.length === 0 ? [] : await importSaid(memory, said, options);
  for (const state of ofKind(records, "state"))
    outcomes.push(await oneByOne(state, () => importWholeState(memory, state, options)));
  return [...outcomes, ...(await importFiles(memory, ofKind(records, "file"), options))];
}

/** Those that are not here yet many by one transaction, all others each by its own. */
async function importFiles(
  memory: Memory,
  files: readonly HomeRecordOf<"file">[],
  options: ImportTerms,
): Promise<ImportOutcome[]> {
  const refs = files.map(({ ref }) => ref);
  const bases = await readImported(memory.kernel.database, options.source, refs);
  const outcomes = new Map<HomeRecordOf<"file">, ImportOutcome>();
  const importEach = (ofPlaces: Iterable<readonly HomeRecordOf<"file">[]>, together?: NewImport[]) =>
    severalAtOnce(ofPlaces, filesAtOnce, async (ofPlace) => {
      for (const file of ofPlace) {
        const terms = { ...options, base: bases.get(file.ref), together: ofPlace.length === 1 ? together : undefined };
        const outcome = await oneByOne(file, () => importFile(memory, file, terms));
        // It was made with others, and is found again after one of them failed.
        if (outcome.action !== "same" || !outcomes.has(file)) outcomes.set(file, outcome);
      }
    });
  const together: NewImport[] = [];
  await importEach(Map.groupBy(files, ({ path }) => path.normalize("NFC").toLowerCase()).values(), together);
  for (let from = 0; from < together.length; from += newFilesMax) {
    const batch = together.slice(from, from + newFilesMax);
    if (!(await writeTogether(memory, batch, options))) await importEach(batch.map(({ record }) => [record]));
  }
  return [...outcomes.values()];
}

/** False: one of them is at fault, which shows when each is written by itself. */
async function writeTogether(memory: Memory, files: readonly NewImport[], { source }: ImportTerms): Promise<boolean> {
  const rows = files.map(({ row }) => row);
  return await writeNewFiles(memory, files, { alongside: (tx) => saveImported(tx, source, rows) }).catch(
    (error: unknown) => {
      refuseOutage(error);
      return false;
    },
  );
}

/** Taken over in one transaction. */
type Said = Exclude<MemoryRecord, { kind: "file" | "state" }>;

function importWholeState(memory: Memory, record: HomeRecordOf<"state">, options: ImportTerms): Promise<ImportOutcome> {
  refuseUnlessWhole(record.kind, options);
  return importState(memory, record, options);
}

async function importOther(
  tx: KernelTransaction,
  record: Said,
  { homeId, ...options }: ImportTerms & { homeId: string },
): Promise<ImportOutcome> {
  refuseUnlessWhole(record.kind, options);
  switch (record.kind) {
    case "fact":
      return importFact(tx, record);
    case "view":
      return importView(tx, record);
    case "history":
      return importHistory(tx, record, homeId);
    case "part":
      return importPart(tx, record);
    case "base":
      return importBase(tx, record);
    case "source":
      return importSource(tx, record);
    case "item":
      return importItem(tx, record);
    case "heartbeat":
      return importHeartbeat(tx, record);
    default:
      throw new RoostError("internal", `a ${record.kind} is taken over elsewhere`);
  }
}

async function importSaid(memory: Memory, records: readonly Said[], options: ImportTerms): Promise<ImportOutcome[]> {
  const homeId = await readHomeId(memory.homeDir).catch(() => "");
  try {
    return await rehearsable(memory, options, async (tx) => {
      const outcomes: ImportOutcome[] = [];
      // Their labels before a message names them.
      for (const record of ofKind(records, "part"))
        outcomes.push(await importOther(tx, record, { ...options, homeId }));
      outcomes.push(
        ...(await importSessions(tx, ofKind(records, "session"), options)),
        ...(await importMessages(tx, ofKind(records, "message"), options)),
        ...(await importKept(tx, ofKind(records, "kept"), options)),
      );
      for (const record of records)
        if (!["session", "message", "kept", "part"].includes(record.kind))
          outcomes.push(await importOther(tx, record, { ...options, homeId }));
      return outcomes;
    });
  } catch (error) {
    const known = refuseOutage(error);
    const [only] = records;
    if (records.length === 1) return [refused(only!, known)];
    // One of them is at fault: halves find it without a transaction for each.
    const middle = Math.ceil(records.length / 2);
    return [
      ...(await importSaid(memory, records.slice(0, middle), options)),
      ...(await importSaid(memory, records.slice(middle), options)),
    ];
  }
}

async function rehearsable(
  { kernel }: Memory,
  { isDryRun }: ImportTerms,
  work: (tx: KernelTransaction) => Promise<ImportOutcome[]>,
): Promise<ImportOutcome[]> {
  try {
    return await kernel.transact(async (tx) => {
      const outcomes = await work(tx);
      if (isDryRun === true) throw new Rehearsed(outcomes);
      return outcomes;
    });
  } catch (error) {
    if (error instanceof Rehearsed) return error.outcomes;
    throw error;
  }
}

function ofKind<Kind extends HomeRecord["kind"]>(records: readonly HomeRecord[], kind: Kind): HomeRecordOf<Kind>[] {
  return records.filter((record): record is HomeRecordOf<Kind> => record.kind === kind);
}

/** A record that cannot be taken over costs itself alone; a database that is away costs the batch. */
export async function oneByOne(
  record: Pick<HomeRecord, "ref" | "kind">,
  work: () => Promise<ImportOutcome>,
): Promise<ImportOutcome> {
  try {
    return await work();
  } catch (error) {
    return refused(record, refuseOutage(error));
  }
}

function refused(record: Pick<HomeRecord, "ref" | "kind">, { message }: RoostError): ImportOutcome {
  return outcomeOf(record, "refused", { reason: message.slice(0, 1_000) });
}
