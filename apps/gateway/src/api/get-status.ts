/** Gathers the status from the kernel: processes, counts, due work, spending, alarms. */
import { countRuns, listWorkers, readBudgets, readSpend, type Kernel, type WorkerRow } from "@roost/kernel";
import type { Handler } from "@roost/contract";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import type { getStatus as operation, ModelCheck, Status } from "@roost/contract/operations";
import { listJobsByDue } from "@roost/jobs";
import type { ServiceDirectory } from "@roost/service";
import type { ModelFacts } from "../find-model.ts";
import { readAlarms, type Alarm } from "../records/read-alarms.ts";
import { readDiskAlarms } from "../records/read-disk-alarms.ts";
import { readKafkaStatus, type KafkaLag, type KafkaStatus } from "@roost/kafka/status";
import { startOfDay } from "../records/start-of-day.ts";
import { iso } from "../records/iso.ts";
import type { BuiltConsole } from "../console/open-console.ts";

const dueShown = 10;
/** Jobs that are looked at: the first due, and with them those that should have fired long ago. */
const dueRead = 20;

/** Facts found at the gateway's start. */
export interface StatusFacts {
  version: string;
  /** Where the home is, for people. */
  homeDir: string;
  /** Of this machine, whose disk is looked at. */
  machineDir: string;
  timeZone: string;
  startedAtMs: number;
  engine: { version: string; embedded: boolean };
  model: ModelFacts;
  /** The current problem with the model, or null. */
  findProblem: () => Promise<string | null>;
  /** Asks each model for one token. */
  checkModels: () => Promise<ModelCheck[]>;
  console?: Pick<BuiltConsole, "state"> | undefined;
}

export function getStatus(kernel: Kernel, facts: StatusFacts, directory: ServiceDirectory): Handler<typeof operation> {
  const { version, homeDir, machineDir, timeZone, startedAtMs, engine, model, findProblem } = facts;
  return async () => {
    // All at once: each wait for an answer is a turn of the loop, which a thousand streams may fill.
    const [counts, workers, jobs, spend, { caps }, services, kafka, tellAlarms, full, modelProblem] = await Promise.all(
      [
        countRuns(kernel),
        listWorkers(kernel),
        listJobsByDue(kernel, { limit: dueRead, states: ["active"] }),
        readSpend(kernel, { scopes: ["all"], windows: ["day"] }),
        readBudgets(kernel),
        directory.list(),
        readKafkaStatus(kernel.database),
        readAlarms(kernel),
        readDiskAlarms(machineDir),
        findProblem(),
      ],
    );
    const day = caps.find(({ scope, window }) => scope === "all" && window === "day");
    const nowMs = kernel.clock.nowMs();
    return {
      version,
      home: homeDir,
      timeZone,
      startedAt: new Date(startedAtMs).toISOString(),
      uptimeMs: Math.max(0, nowMs - startedAtMs),
      engine,
      model,
      workers: workers.filter(({ kind }) => kind === "worker").map(toProcess),
      schedulers: workers.filter(({ kind }) => kind === "scheduler").map(toProcess),
      counts,
      due: jobs
        .flatMap(({ id, definition, dueAt }) =>
          dueAt === null ? [] : [{ jobId: id, title: definition.title ?? id, dueAt: iso(dueAt) }],
        )
        .slice(0, dueShown),
      spend: {
        since: startOfDay(nowMs, timeZone).toISOString(),
        usd: spend[0]?.costUsd ?? 0,
        tokens: spend[0]?.tokens ?? 0,
        usdMax: day?.usdMax ?? null,
        tokensMax: day?.tokensMax ?? null,
      },
      kafka: kafka ? toKafka(kafka) : undefined,
      alarms: [
        ...kafkaAlarms(kafka),
        ...full,
        ...tellAlarms({ workers, jobs, services, nowMs, modelProblem }),
        ...consoleAlarms(facts.console),
      ],
    };
  };
}

function consoleAlarms(built: StatusFacts["console"]): Alarm[] {
  const state = built?.state();
  return state?.kind === "failed"
    ? [{ code: "console", text: clipText(`The console could not be built: ${state.why}`, reasonCharsMax), since: null }]
    : [];
}

function toKafka({ relay, readers }: KafkaStatus): Status["kafka"] {
  const lagOf = ({ lagMs, error }: KafkaLag) => ({
    lagMs: lagMs === null ? null : Math.max(0, Math.round(lagMs)),
    error: error === null ? null : clipText(error, reasonCharsMax),
  });
  return { relay: { ...relay, ...lagOf(relay) }, readers: readers.map((reader) => ({ ...reader, ...lagOf(reader) })) };
}

/** While nothing is wrong the lag is a line of the status. */
function kafkaAlarms(kafka: KafkaStatus | undefined): Alarm[] {
  if (kafka === undefined) return [];
  const named: [string, KafkaLag][] = [["The relay to Kafka", kafka.relay]];
  for (const reader of kafka.readers) named.push([`The reader ${reader.group}`, reader]);
  return named.flatMap(([name, { error, lagCount }]) =>
    error === null
      ? []
      : [
          {
            code: "kafka",
            text: clipText(`${name} cannot go on, ${lagCount} events wait: ${error}`, reasonCharsMax),
            since: null,
          },
        ],
  );
}

function toProcess({ id, host, pid, startedAt, seenAt, runCount, capabilities }: WorkerRow) {
  return { id, host, pid, startedAt: iso(startedAt), seenAt: iso(seenAt), runCount, offers: capabilities };
}
