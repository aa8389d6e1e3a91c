/**
 * How much of a question's evidence recall finds, on conversations in the form of LoCoMo (Maharana et al. 2024), and how long it takes among 100,000
 * lines. Judge-free: the share of the lines named as evidence among the first ten. It reads a file that the person names.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@roost/base";
import { createEmbedder, type Embedder } from "@roost/agent";
import { embedLines, indexLines, openMemory, recall, type Memory } from "@roost/memory";
import type { Sql } from "@roost/database";
import { listServerPids, readMib, readResidentMib, sumProcessorMs } from "../living-home/home-processes.ts";
import { startProgram } from "../living-home/start-program.ts";
import { formatMs, timed, type Figure, type MeasureOptions } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { readConversations, type LocomoConversation } from "../recall/read-conversations.ts";
import { statistics } from "../statistics.ts";

const aimShareMin = 0.75;
const aimMsMax = 100;
const linesMin = 100_000;
const shownMax = 10;
const vectorDimensions = 512;

/** @throws RoostError `invalid_input` when no file is named or it is not in that form, `not_found` when it cannot be read */
export async function measureRecall(
  path: string | undefined,
  { isQuick, embedder: given, onProgress }: MeasureOptions,
): Promise<Figure[]> {
  const conversations = await readConversations(path);
  await using opened = await openDurableDatabase();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  await using memory = await openMemory({ kernel: opened.kernel, homeDir, logger: silentLogger });
  try {
    onProgress(`evidence of ${conversations.length} conversations`);
    for (const { document } of conversations) await indexLines(memory, document);
    const quality = await measureEvidence(memory, conversations);
    if (given !== undefined) {
      onProgress(`the same with vectors of ${given.model}`);
      return [...quality, ...(await measureModel({ ...memory, embedder: given }, conversations, given))];
    }
    // Of letter triples: what vectors cost. How well they find is a matter of the model.
    const args = [String(vectorDimensions)];
    await using server = await startProgram({ path: "bench/src/embedding-program.ts", environment: {}, args });
    const embedder = createEmbedder({ baseUrl: server.ready.url!, model: "letter triples" });
    const withVectors: Memory = { ...memory, embedder };
    await embedAll(withVectors, embedder);
    const [joined] = await measureEvidence(withVectors, conversations);
    const lineCount = isQuick ? 5_000 : linesMin;
    onProgress(`questions among ${lineCount.toLocaleString("en")} lines`);
    const written = await writeLines(memory, conversations, lineCount);
    const byWords = await measureTime(memory, conversations, { ...written, isQuick });
    onProgress("the same with vectors");
    const made = await embedAll(withVectors, embedder);
    await memory.kernel.database.query("analyze");
    const byBoth = await measureTime(withVectors, conversations, { ...written, isQuick });
    const anew = await measureCodes(withVectors, embedder);
    const { value, details } = joined!;
    return [
      ...quality,
      { name: "… with vectors of letter triples, which know no language", value, details },
      byWords,
      { ...byBoth, name: "… with vectors" },
      made,
      anew,
    ];
  } finally {
    await rm(homeDir, { recursive: true, force: true });
  }
}

/** How well it finds with a model's vectors, among the lines of the conversations alone: to have vectors of 100,000 takes a model long. */
async function measureModel(
  memory: Memory,
  conversations: readonly LocomoConversation[],
  embedder: NonNullable<MeasureOptions["embedder"]>,
): Promise<Figure[]> {
  const made = await embedAll(memory, embedder);
  const [joined] = await measureEvidence(memory, conversations);
  const count = conversations.reduce((sum, { document }) => sum + document.lines.length, 0);
  const taken = await measureTime(memory, conversations, { count, msEach: 0, isQuick: false });
  return [{ ...joined!, name: `… with vectors of ${embedder.model}` }, taken, made];
}

/** How long it takes to have vectors of all lines. */
async function embedAll(memory: Memory, embedder: Embedder): Promise<Figure> {
  const { database } = memory.kernel;
  const before = await countVectors(database);
  const ms = await timed(async () => {
    while ((await embedLines(memory, embedder)) === "more");
  });
  const { count, bytes } = await countVectors(database);
  const madeCount = Math.max(1, count - before.count);
  return {
    name: "a vector to make and to store",
    value: formatMs(ms / madeCount),
    details: `the server included; ${formatSeconds(ms)} for ${madeCount.toLocaleString("en")} lines; ${(bytes / Math.max(1, count) / 1024).toFixed(1)} KiB a line; afterwards ${await describeMemory(database)}`,
  };
}

async function countVectors(sql: Sql): Promise<{ count: number; bytes: number }> {
  const [row] = await sql.query<{ count: number; bytes: number }>(
    "select count(*) as count, pg_total_relation_size('memory.recall_vector') + pg_total_relation_size('memory.embedding') as bytes from memory.recall_vector",
  );
  return row!;
}

/** All codes anew, as where the middle of all texts has moved far. No text is asked for. */
async function measureCodes(memory: Memory, embedder: Embedder): Promise<Figure> {
  const { database } = memory.kernel;
  await database.query("update memory.embedding_state set centre = null, centre_of = 0");
  const ms = await timed(() => embedLines(memory, embedder));
  const { count } = await countVectors(database);
  return {
    name: "all codes made anew, seen from another centre",
    value: formatSeconds(ms),
    details: `${count.toLocaleString("en")} lines, in one transaction; afterwards ${await describeMemory(database)}`,
  };
}

async function describeMemory(sql: Sql): Promise<string> {
  const servers = await Promise.all((await listServerPids(sql)).map(readMib));
  const serverMib = servers.reduce((sum, each) => sum + each, 0);
  return `${((await readResidentMib(process.pid)) ?? 0).toFixed(0)} MiB here and ${serverMib.toFixed(0)} in PostgreSQL`;
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function measureEvidence(memory: Memory, conversations: readonly LocomoConversation[]): Promise<Figure[]> {
  const shares: { kind: string; conversation: number; share: number }[] = [];
  for (const [conversation, { id, questions }] of conversations.entries()) {
    for (const { text, kind, evidence } of questions) {
      const { lines } = await recall(memory, {
        query: text,
        as: { kind: "main" },
        ref: id,
        limit: shownMax,
        tokensMax: 8_000,
      });
      const found = new Set(lines.map(({ ref }) => ref));
      shares.push({ kind, conversation, share: evidence.intersection(found).size / evidence.size });
    }
  }
  const answerable = shares.filter(({ kind }) => kind !== "adversarial");
  const half = conversations.length / 2;
  const halves = [
    answerable.filter((each) => each.conversation < half),
    answerable.filter((each) => each.conversation >= half),
  ];
  const average = mean(answerable);
  const byKind = [...Map.groupBy(shares, ({ kind }) => kind)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, of]) => `${kind} ${mean(of).toFixed(3)} (${of.length})`);
  return [
    {
      name: "evidence among the first ten lines (R@10), without vectors",
      value: average.toFixed(3),
      details: `${byKind.join(", ")}; all kinds ${mean(shares).toFixed(3)}; the halves of the conversations ${halves.map((each) => mean(each).toFixed(3)).join(" and ")}`,
      aim: `≥ ${aimShareMin}`,
      isMet: average >= aimShareMin,
    },
  ];
}

function mean(shares: readonly { share: number }[]): number {
  return shares.reduce((sum, { share }) => sum + share, 0) / Math.max(1, shares.length);
}

/** Until there are so many. */
async function writeLines(
  memory: Memory,
  conversations: readonly LocomoConversation[],
  lineCount: number,
): Promise<{ count: number; msEach: number }> {
  let count = conversations.reduce((sum, { document }) => sum + document.lines.length, 0);
  const startMs = performance.now();
  let written = 0;
  for (let copy = 1; count < lineCount; copy += 1) {
    for (const { id, document } of conversations) {
      if (count >= lineCount) break;
      // Other people, other days, some other words.
      const lines = document.lines.map((line, index) => ({
        ...line,
        ref: `${copy}:${line.ref}`,
        saidBy: `${line.saidBy}${copy}`,
        at: new Date(line.at.getTime() - copy * 7 * 86_400_000),
        text: `${line.text} ${index.toString(36)}x${copy.toString(36)}`,
      }));
      await indexLines(memory, { ...document, ref: `${id}#${copy}`, lines });
      count += lines.length;
      written += lines.length;
    }
  }
  const writtenMs = performance.now() - startMs;
  await memory.kernel.database.query("analyze");
  return { count, msEach: writtenMs / Math.max(1, written) };
}

async function measureTime(
  memory: Memory,
  conversations: readonly LocomoConversation[],
  { count, msEach, isQuick }: { count: number; msEach: number; isQuick: boolean },
): Promise<Figure> {
  const questions = conversations.flatMap((each) => each.questions);
  const step = Math.max(1, Math.floor(questions.length / (isQuick ? 20 : 400)));
  const times: number[] = [];
  const workOf = async () => sumProcessorMs([process.pid, ...(await listServerPids(memory.kernel.database))]);
  const before = await workOf();
  for (let index = 0; index < questions.length; index += step)
    times.push(await timed(() => recall(memory, { query: questions[index]!.text, as: { kind: "main" } })));
  const workMs = ((await workOf()) - before) / times.length;
  const { p50, p95, max } = statistics(times);
  return {
    name: `a recall among ${count.toLocaleString("en")} lines, p95`,
    value: formatMs(p95),
    details: `p50 ${formatMs(p50)}, longest ${formatMs(max)}, ${formatMs(workMs)} of the processor each, PostgreSQL's included, ${times.length} questions one after another; ${msEach.toFixed(2)} ms a line to index`,
    aim: `≤ ${aimMsMax} ms`,
    isMet: p95 <= aimMsMax,
  };
}
