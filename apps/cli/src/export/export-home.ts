/** Writes everything of a home in open formats: files as they are, records as JSON lines. Reads page by page; holds one page in memory. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { severalAtOnce, toRoostError } from "@roost/base";
import { partLimits } from "@roost/contract/part";
import { formatLabels, joinLabels, parseLabels, untrustedFrom } from "@roost/contract/labels";
import { exportKinds, HomeRecord, jobStates, type Event } from "@roost/contract/operations";
import { isSourceOfHome } from "@roost/jobs/files";
import type { Connection, RoostClient } from "../connect.ts";
import { isSecretFile } from "../import/found/find-secret-line.ts";
import { eachRow } from "../read-pages.ts";
import { exportLargeFile, withoutSecrets } from "./export-large-file.ts";
import { exportServices } from "./export-services.ts";
import type { ExportedHome, ExportFile, ExportFolder } from "./open-export-folder.ts";

const pageMax = 200;
/** Files and parts that are fetched and written at once. */
const bytesAtOnce = 8;
/** Of a file that changes meanwhile. */
const readsMax = 5;

export interface ExportHomeOptions {
  onProgress: (text: string) => void;
}

export async function exportHome(
  connection: Connection,
  folder: ExportFolder,
  { onProgress }: ExportHomeOptions,
): Promise<ExportedHome> {
  const { client } = connection;
  const done: ExportedHome = { home: "", counts: {}, leftOut: [] };
  for (const kind of exportKinds) {
    onProgress(`writing ${kind}s`);
    if (kind === "history") await exportHistory(client, folder, done);
    else await exportKind(client, folder, { kind, done });
  }
  await writeRecords(folder, done, { name: "job", records: readJobs(client) });
  await writeRecords(folder, done, { name: "grant", records: readGrants(client) });
  onProgress("writing events");
  await exportEvents(client, folder, done);
  await exportSpend(client, folder, done);
  onProgress("writing what services hold");
  await exportServices(connection, folder, done);
  const schema = await folder.file("schema/home-record.json");
  await schema.write(`${JSON.stringify(z.toJSONSchema(HomeRecord, { io: "input" }), null, 2)}\n`);
  await schema.end();
  return done;
}

type Kind = (typeof exportKinds)[number];

async function* pagesOf(client: RoostClient, kind: Kind, done: ExportedHome) {
  let after: string | undefined;
  do {
    const page = await client.exportRecords({ kind, limit: pageMax, after });
    done.home = page.home;
    yield { items: page.items, after };
    after = page.next ?? undefined;
  } while (after !== undefined);
}

async function exportKind(
  client: RoostClient,
  folder: ExportFolder,
  { kind, done }: { kind: Kind; done: ExportedHome },
): Promise<void> {
  const file = await folder.file(`records/${kind}s.jsonl`);
  let count = 0;
  for await (const { items, after } of pagesOf(client, kind, done)) {
    const readAgain = async (ref: unknown) => {
      const { items: now } = await client.exportRecords({ kind, limit: pageMax, after });
      return now.find((record) => record.ref === ref);
    };
    const records: (Record<string, unknown> | undefined)[] = [...items];
    await severalAtOnce(items.entries(), bytesAtOnce, async ([index, item]) => {
      if (kind === "part") await exportPart(client, folder, { item, done });
      if (kind !== "file") return;
      records[index] = await exportFile(client, folder, { item, done, readAgain: () => readAgain(item.ref) });
    });
    for (const record of records) {
      if (record === undefined) continue;
      await file.line(record);
      count += 1;
    }
  }
  await file.end();
  done.counts[kind] = count;
}

interface One {
  item: Record<string, unknown>;
  done: ExportedHome;
}

interface OneFile extends One {
  /** Its record as it is now. */
  readAgain: () => Promise<Record<string, unknown> | undefined>;
}

/** Its record, of what was written; undefined: it is left out, and said why. */
async function exportFile(
  client: RoostClient,
  folder: ExportFolder,
  { item, done, readAgain }: OneFile,
): Promise<Record<string, unknown> | undefined> {
  const path = String(item["path"]);
  if (isSecretFile(path)) {
    done.leftOut.push({ name: path, reason: "its name is that of a secret" });
    return undefined;
  }
  try {
    if (Number(item["bytes"]) > partLimits.bytesMax)
      return { ...item, ...(await exportLargeFile(client, folder, { path, done })) };
    const { record, bytes, mediaType } = await readAlike(client, { item, readAgain });
    const file = await folder.file(`home/${path}`);
    const { written, count } = withoutSecrets(path, bytes, mediaType);
    if (count > 0) done.leftOut.push({ name: path, reason: `${count} secrets of it` });
    await file.write(written);
    await file.end();
    const sha256 = hashOf(written);
    return { ...record, bytes: written.byteLength, sha256 };
  } catch (error) {
    const { code, message } = toRoostError(error);
    if (code === "unavailable" || code === "unauthenticated") throw error;
    done.leftOut.push({ name: path, reason: message });
    return undefined;
  }
}

/** A file with the record of these very bytes: its labels name lines of them. One that keeps changing is marked as a whole. */
async function readAlike(client: RoostClient, { item, readAgain }: Pick<OneFile, "item" | "readAgain">) {
  let record: Record<string, unknown> = item;
  for (let reads = 1; ; reads += 1) {
    const { bytes, mediaType } = await client.getFile({ path: String(item["path"]) });
    // Null: it is too large for its lines to be marked.
    if (record["sha256"] === null || hashOf(bytes) === record["sha256"]) return { record, bytes, mediaType };
    if (reads === readsMax) return { record: markedWhole(record), bytes, mediaType };
    record = (await readAgain()) ?? record;
  }
}

function markedWhole({ sections, ...record }: Record<string, unknown>): Record<string, unknown> {
  const ofLines = ((sections ?? []) as [number, number, string[]][]).map(([, , labels]) => parseLabels(labels));
  const all = joinLabels(parseLabels(record["labels"] as string[]), ...ofLines, untrustedFrom("import", "changing"));
  return { ...record, labels: formatLabels(all) };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function exportPart(client: RoostClient, folder: ExportFolder, { item, done }: One): Promise<void> {
  const sha256 = String(item["sha256"]);
  const part = await client.getPart({ sha256 }).catch((error: Error) => {
    done.leftOut.push({ name: `part ${sha256}`, reason: error.message });
    return undefined;
  });
  if (part === undefined) return;
  const file = await folder.file(`parts/${sha256}`);
  await file.write(part.bytes);
  await file.end();
}

/** Of homes that were moved in: a file for each and topic, as it came. */
async function exportHistory(client: RoostClient, folder: ExportFolder, done: ExportedHome): Promise<void> {
  let open: { name: string; file: Awaited<ReturnType<ExportFolder["file"]>> } | undefined;
  for await (const { items } of pagesOf(client, "history", done))
    for (const { home, topic, record } of items) {
      const name = `${String(topic)}/${encodeURIComponent(String(home))}.jsonl`;
      if (open?.name !== name) {
        await open?.file.end();
        open = { name, file: await folder.file(name) };
      }
      await open.file.line(record);
      done.counts[String(topic)] = (done.counts[String(topic)] ?? 0) + 1;
    }
  await open?.file.end();
}

/** In the order of their ids, as the lists have them. */
async function* readJobs(client: RoostClient): AsyncGenerator<object> {
  const states = jobStates.filter((state) => state !== "removed");
  for await (const { id, state, definition, pausedReason, source } of eachRow((page) =>
    client.listJobs({ ...page, state: states }),
  ))
    yield {
      id,
      state,
      definition,
      pausedReason,
      source: source !== null && isSourceOfHome(source) ? source : undefined,
    };
}

async function* readGrants(client: RoostClient): AsyncGenerator<object> {
  for await (const { state: _state, ...grant } of eachRow((page) => client.listGrants({ ...page, isLive: false })))
    yield { kind: "grant", ref: grant.id, grant };
}

async function writeRecords(
  folder: ExportFolder,
  done: ExportedHome,
  { name, records }: { name: string; records: AsyncIterable<object> },
): Promise<void> {
  const file = await folder.file(`records/${name}s.jsonl`);
  let count = 0;
  for await (const record of records) {
    await file.line(record);
    count += 1;
  }
  await file.end();
  done.counts[name] = count;
}

async function exportEvents(client: RoostClient, folder: ExportFolder, done: ExportedHome): Promise<void> {
  const topics = await Array.fromAsync(eachRow((page) => client.listTopics(page)));
  const file = await folder.file(`events/${encodeURIComponent(done.home)}.jsonl`);
  let count = done.counts["events"] ?? 0;
  for (const { name, partitions } of topics.toSorted((left, right) => (left.name < right.name ? -1 : 1)))
    for (const { partition } of partitions)
      for await (const event of eventsOf(client, name, partition)) {
        await file.line(event);
        count += 1;
      }
  await file.end();
  done.counts["events"] = count;
}

/** Up to what was there when it began. */
async function* eventsOf(client: RoostClient, topic: string, partition: number): AsyncGenerator<Event> {
  let offset: number | undefined;
  let head: number | undefined;
  for (;;) {
    const page = await client.readEvents({ topic, partition, limit: pageMax, offset });
    head ??= page.headOffset;
    yield* page.items;
    if (page.items.length === 0 || page.nextOffset >= head) return;
    offset = page.nextOffset;
  }
}

async function exportSpend(client: RoostClient, folder: ExportFolder, done: ExportedHome): Promise<void> {
  let file: ExportFile | undefined;
  for (const by of ["day", "job", "agent", "model", "session", "key"] as const)
    for await (const row of eachRow((page) => client.listSpend({ by, days: 366, ...page }))) {
      file ??= await folder.file(`spend/${encodeURIComponent(done.home)}.jsonl`);
      await file.line({ by, ...row });
      done.counts["spend"] = (done.counts["spend"] ?? 0) + 1;
    }
  await file?.end();
}
