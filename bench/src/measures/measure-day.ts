/**
 * A day of the example home on a small model that the person names (`--model URL --model-name NAME`): what becomes of its checks, heartbeats, jobs and messages when the
 * context is small, answers are poor and the server takes one request at a time. A moment begins when the one before has ended; `--share 0.2` keeps a fifth of the checks
 * and heartbeats. Then questions that words leave open are put to that model. It says what failed and why: whose fault that is, a person judges.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import type { RunRecord } from "@roost/contract/operations";
import { postconditionUnmet } from "@roost/kernel";
import { startHome, type LivingHome } from "../living-home/start-home.ts";
import { formatMs, type Figure, type Measure, type MeasureOptions } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";
import { hearEnd, say } from "../week/live-week.ts";

const hours = { first: 6, last: 23 } as const;
const jobsAt: Readonly<Record<number, string>> = { 6: "blog-writer", 10: "video-producer", 18: "weekly-review" };
const saidAt: Readonly<Record<number, string>> = {
  8: "Good morning! What should I think of today?",
  9: "Remember that the plumber comes on Thursday at ten.",
  12: "When does the plumber come?",
  15: "What did the blog writer do this morning?",
  19: "Write me two sentences about the sea.",
  21: "Thanks, good night.",
};

/** Of which the questions below have few words. */
const agents: Readonly<Record<string, string>> = {
  bookkeeper: "Bills, invoices, taxes and the accounts of the household",
  gardener: "Plants, watering, seeds and what the garden needs",
  travel: "Trains, flights, hotels and what to pack",
  cook: "Recipes, what to eat, and the list of groceries",
};
const questions: readonly (readonly [text: string, agent: string])[] = [
  ["the tomatoes look thirsty", "gardener"],
  ["did we already transfer the money to the landlord", "bookkeeper"],
  ["how do I get to Vienna on Friday", "travel"],
  ["something warm for tonight, without meat", "cook"],
  ["the roses have black spots", "gardener"],
  ["which seat did I reserve", "travel"],
];

export const measureDay: Measure = async (options) => {
  const { model, onProgress } = options;
  if (model === undefined)
    throw new RoostError(
      "invalid_input",
      "a day needs a model: npm run bench -- day --model http://127.0.0.1:8080/v1 --model-name NAME (docs/models.md)",
    );
  await using database = await openDurableDatabase();
  await using home = await startHome({
    databaseUrl: database.url,
    modelUrl: model.url,
    workerCount: 2,
    environment: { ROOST_MODEL: model.name },
    files: { "roost.yaml": (text) => `${text}\nrouting: { model: ${JSON.stringify(model.name)} }\n` },
    prepare: writeAgents,
  });
  const { items: jobs } = await home.api.listJobs({});
  for (const { id } of jobs) await home.api.pauseJob({ jobId: id });
  const runs: RunRecord[] = [];
  for (const moment of momentsOf(options)) {
    const runIds = await Promise.all(moment.begin.map((begin) => begin(home)));
    for (const runId of runIds) {
      await hearEnd(home, runId);
      runs.push((await home.api.getRun({ runId })).run);
      onProgress(`${moment.hour}:00 ${describe(runs.at(-1)!)}`);
    }
  }
  return [...figuresOf(runs), await measureDecisions(home, options)];
};

type Begin = (home: LivingHome) => Promise<string>;

/** What begins together is waited for together. */
function momentsOf({ isQuick, share }: MeasureOptions): { hour: number; begin: Begin[] }[] {
  const moments: { hour: number; begin: Begin[] }[] = [];
  const isKept = keepShare(isQuick ? 0.02 : share);
  for (let hour = hours.first; hour <= hours.last; hour += 1) {
    const [jobId, text] = [jobsAt[hour], saidAt[hour]];
    const ofHour: Begin[] = [];
    if (jobId !== undefined) ofHour.push(runOf(jobId));
    if (text !== undefined) ofHour.push((home) => say(home, text));
    if (ofHour.length > 0) moments.push({ hour, begin: ofHour });
    for (const jobIds of [["social-checker", "heartbeat"], ["social-checker"], ["social-checker", "heartbeat"]])
      if (isKept()) moments.push({ hour, begin: jobIds.map(runOf) });
  }
  return moments;
}

/** Evenly, the first one too. */
function keepShare(share: number): () => boolean {
  let due = 1;
  return () => {
    const isDue = due >= 1;
    due += share - (isDue ? 1 : 0);
    return isDue;
  };
}

function runOf(jobId: string): Begin {
  return async ({ api }) => {
    const { tick } = await api.runJob({ jobId });
    if (tick.runId === null) throw new Error(`${jobId} did not run: ${tick.outcome}`);
    return tick.runId;
  };
}

async function writeAgents(directory: string): Promise<void> {
  await mkdir(join(directory, "agents"));
  for (const [name, description] of Object.entries(agents))
    await writeFile(
      join(directory, "agents", `${name}.md`),
      `---\ndescription: ${description}\ntools: []\n---\n\nHelp.\n`,
    );
}

function describe({ title, state, error, tokens, startedAt, endedAt }: RunRecord): string {
  const seconds = Math.round((Date.parse(endedAt ?? "") - Date.parse(startedAt ?? "")) / 1000);
  return `${title}: ${state} after ${seconds} s, ${tokens} tokens${error === null ? "" : `: ${error.code}: ${error.message}`}`;
}

/** By the condition that the job set for itself, which the model did not meet. */
function isOwnCondition({ error }: RunRecord): boolean {
  return error?.code === postconditionUnmet;
}

function figuresOf(runs: readonly RunRecord[]): Figure[] {
  const failed = runs.filter(({ state }) => state !== "done");
  const others = failed.filter((run) => !isOwnCondition(run));
  const times = statistics(runs.map((run) => Date.parse(run.endedAt ?? "") - Date.parse(run.startedAt ?? "")));
  const tokens = runs.reduce((sum, run) => sum + run.tokens, 0);
  return [
    {
      name: "runs of a day on a small model that failed otherwise than by the condition of their job",
      value: String(others.length),
      details: `of ${runs.length}; ${failed.length - others.length} by that condition; ${others.map(describe).join("; ") || "none"}`,
      aim: "0",
      isMet: others.length === 0,
    },
    {
      name: "how long a run took, p50",
      value: formatMs(times.p50),
      details: `longest ${formatMs(times.max)}, its wait for the server included; ${tokens.toLocaleString("en")} tokens of all runs`,
    },
  ];
}

async function measureDecisions({ api }: LivingHome, { isQuick, onProgress }: MeasureOptions): Promise<Figure> {
  const asked = questions.slice(0, isQuick ? 1 : undefined);
  let [decided, right] = [0, 0];
  const times: number[] = [];
  for (const [text, agent] of asked) {
    const begunMs = performance.now();
    const { state, target, why } = await api.decideRoute({ text });
    times.push(performance.now() - begunMs);
    onProgress(`"${text}": ${state}${target === null ? "" : ` ${target.id} (${why})`}`);
    if (state !== "decided") continue;
    decided += 1;
    if (target?.id === agent) right += 1;
  }
  const { p50, max } = statistics(times);
  return {
    name: "questions that words leave open, decided by the small model",
    value: `${decided} of ${asked.length}`,
    details: `${right} right; p50 ${formatMs(p50)}, longest ${formatMs(max)}`,
  };
}
