/**
 * `npm run bench`: measures, prints the figures with the facts of the machine, and says which aims are missed. `--quick` runs
 * everything once to see that it works; a name (`append`, `turn`, …) measures only that. `recall FILE` and `routing FILE` read data from a file, with
 * `--embeddings URL --embedding-model NAME` also by vectors of that server; `day` asks a model that is named by `--model URL --model-name NAME`; `peers` puts Roost beside others.
 */
import { createEmbedder } from "@roost/agent";
import { toRoostError } from "@roost/base";
import { machineFacts } from "./machine-facts.ts";
import type { Figure, Measure, MeasureOptions } from "./measure.ts";
import { measureAgents } from "./measures/measure-agents.ts";
import { measureAppend } from "./measures/measure-append.ts";
import { measureDay } from "./measures/measure-day.ts";
import { measureDefinitions } from "./measures/measure-definitions.ts";
import { measureDoor } from "./measures/measure-door.ts";
import { measureDue } from "./measures/measure-due.ts";
import { measureGraphql } from "./measures/measure-graphql.ts";
import { measureIdle } from "./measures/measure-idle.ts";
import { measureIdleDay } from "./measures/measure-idle-day.ts";
import { measureKafka } from "./measures/measure-kafka.ts";
import { measureLabels } from "./measures/measure-labels.ts";
import { measurePeeps } from "./measures/measure-peeps.ts";
import { measureMoving } from "./measures/measure-moving.ts";
import { measureRecall } from "./measures/measure-recall.ts";
import { measureRouting } from "./measures/measure-routing.ts";
import { measureRecovery } from "./measures/measure-recovery.ts";
import { measureRun } from "./measures/measure-run.ts";
import { measureServices } from "./measures/measure-services.ts";
import { measureStart } from "./measures/measure-start.ts";
import { measureGateways, measureStreams } from "./measures/measure-streams.ts";
import { measureTokens } from "./measures/measure-tokens.ts";
import { measureTools } from "./measures/measure-tools.ts";
import { measureTurn } from "./measures/measure-turn.ts";
import { measureWorkers } from "./measures/measure-workers.ts";
import { comparePeers } from "./peers/compare-peers.ts";

const measures: Record<string, Measure> = {
  append: measureAppend,
  door: measureDoor,
  graphql: measureGraphql,
  labels: measureLabels,
  peeps: measurePeeps,
  run: measureRun,
  tools: measureTools,
  turn: measureTurn,
  due: measureDue,
  recovery: measureRecovery,
  start: measureStart,
  services: measureServices,
  streams: measureStreams,
  idle: measureIdle,
  "idle-day": measureIdleDay,
};

/** They need more than npm brings, or minutes: measured when they are named. */
const namedMeasures: Record<string, Measure> = {
  agents: measureAgents,
  day: measureDay,
  definitions: measureDefinitions,
  gateways: measureGateways,
  kafka: measureKafka,
  moving: measureMoving,
  tokens: measureTokens,
  workers: measureWorkers,
};
/** What `scale` stands for. */
const scaleMeasures = ["definitions", "kafka", "workers", "gateways"];

/** They read a file that the person names. */
const fileMeasures: Record<string, (path: string | undefined, options: MeasureOptions) => Promise<Figure[]>> = {
  recall: measureRecall,
  routing: measureRouting,
};

const print = (text: string) => void process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  if (process.argv[2] === "peers") return await comparePeers(process.argv.slice(3));
  const isQuick = process.argv.includes("--quick");
  const share = readShare();
  const names = process.argv
    .slice(2)
    .filter((argument, index, all) => !argument.startsWith("-") && !valued.includes(all[index - 1] ?? ""));
  const ofFile = Object.hasOwn(fileMeasures, names[0] ?? "") ? fileMeasures[names[0]!] : undefined;
  const known = { ...measures, ...namedMeasures };
  if (names.includes("scale")) names.splice(names.indexOf("scale"), 1, ...scaleMeasures);
  const unknown = ofFile !== undefined ? undefined : names.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new Error(`"${unknown}" is not measured here: choose from ${Object.keys(known).join(", ")}`);
  for (const fact of machineFacts()) print(fact);
  if (isQuick) print("a quick look: it shows that everything runs, the figures mean nothing");
  const onProgress = (text: string) => print(`\n… ${text}`);
  const options = { isQuick, share, embedder: readEmbedder(), model: readModel(), onProgress };
  if (ofFile !== undefined) {
    for (const figure of await ofFile(names[1], options)) print(formatFigure(figure));
    return;
  }
  // Each figure as soon as it is known, and one measure that fails keeps none of the others from being taken.
  for (const name of names.length === 0 ? Object.keys(measures) : names) {
    const startedMs = performance.now();
    try {
      const figures = await known[name]!(options);
      for (const figure of figures) print(formatFigure(figure));
      print(`${name} took ${Math.round((performance.now() - startedMs) / 1000)} s`);
    } catch (error) {
      complain(`${name} failed: ${toRoostError(error).message}`);
    }
  }
}

/** Options that a value follows. */
const valued = ["--share", "--embeddings", "--embedding-model", "--model", "--model-name"];

function readOption(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? "");
}

/** Of what grows with a home, how much of the full size. */
function readShare(): number {
  const given = readOption("--share");
  if (given === undefined) return 1;
  const share = Number(given);
  if (!(share > 0 && share <= 10)) throw new Error(`--share is "${given}": give a number above 0, at most 10`);
  return share;
}

/** Up to and including /v1. */
function readEmbedder(): MeasureOptions["embedder"] {
  const baseUrl = readOption("--embeddings");
  if (baseUrl === undefined) return undefined;
  const model = readOption("--embedding-model") ?? "default";
  return { ...createEmbedder({ baseUrl, model }), model };
}

/** Up to and including /v1. */
function readModel(): MeasureOptions["model"] {
  const url = readOption("--model");
  return url === undefined ? undefined : { url, name: readOption("--model-name") ?? "default" };
}

function formatFigure({ name, value, details, aim, isMet }: Figure): string {
  const verdict = aim === undefined ? "" : `  (aim ${aim}: ${isMet === true ? "met" : "missed"})`;
  return `${name}: ${value}${verdict}\n    ${details}`;
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  complain(toRoostError(error).message);
}
