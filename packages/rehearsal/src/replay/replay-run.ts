/**
 * Executes a recorded run against its own records: the worker's program with today's home, settings, job and tools, where every step is answered
 * from the record. Requires a read-only database.
 */
import assert from "node:assert/strict";
import type { AgentContext } from "@roost/agent";
import { RoostError, silentLogger, toRoostError, type Logger } from "@roost/base";
import { missingLabels } from "@roost/contract/labels";
import type { ReplayReport, ReplayRunEnd } from "@roost/contract/operations";
import type { Database } from "@roost/database";
import {
  getRun,
  listSteps,
  openKernel,
  runLimits,
  type ClaimedRun,
  type Kernel,
  type Run,
  type Step,
} from "@roost/kernel";
import { buildContext, openMemory, type BuiltContext, type Memory, type OpenMemoryOptions } from "@roost/memory";
import { createServiceDirectory } from "@roost/service";
import {
  createModelsFor,
  createServiceTools,
  createToolsFor,
  repeatedReason,
  runTurn,
  type AgentTurn,
  readApproval,
} from "@roost/worker";
import { findProviders, type ModelOfHome } from "../play/find-providers.ts";
import { compareEnd, endOf, shortError } from "./compare-end.ts";
import { createReplayingSteps, ReplayStopped, type ReplayingSteps } from "./create-replaying-steps.ts";
import { createFindings, type Findings } from "./findings.ts";
import { presentAgent, presentRun, type PresentAgent, type PresentRun } from "./present-run.ts";
import { createSilentModels } from "./silent-models.ts";

export interface ReplayOptions {
  /** Of the home, opened read-only. */
  database: Database;
  homeDir: string;
  bucket?: OpenMemoryOptions["bucket"];
  runId: string;
  fromSeq?: number | undefined;
  model: ModelOfHome | null;
  signal: AbortSignal;
  logger?: Logger;
}

/** @throws RoostError `not_found`; `conflict` when it is not an agent's run; `invalid_input` for a step that it has not reached */
export async function replayRun(options: ReplayOptions): Promise<ReplayReport> {
  const { database, runId, fromSeq, logger = silentLogger } = options;
  await requireReadOnly(database);
  await using opened = await openReadOnly(options, logger);
  const { kernel, memory } = opened;
  const run = await getRun(database, runId);
  if (run.handler !== "agent")
    throw new RoostError("conflict", `run ${runId} is of the kind "${run.handler}": only agents' runs can be replayed`);
  const recorded = await readSteps(database, runId);
  const stepCount = recorded.at(-1)?.seq ?? 0;
  if (fromSeq !== undefined && fromSeq > stepCount)
    throw new RoostError(
      "invalid_input",
      `run ${runId} has not reached step ${fromSeq}: ${stepCount === 0 ? "it has recorded none" : `give one from 1 to ${stepCount}`}`,
    );
  const present = await presentRun(kernel, run);
  const agent = await presentAgent(kernel, run, memory.settings.agents);
  const findings = createFindings();
  const models = createSilentModels({ clock: kernel.clock, logger });
  const built: { context?: BuiltContext } = {};
  const steps = createReplayingSteps({
    recorded,
    fromSeq,
    findings,
    models,
    signal: options.signal,
    onUnknown: present.run.input["onUnknown"] === "wait" ? "wait" : "tell",
    isTold: run.sessionKind !== "cron" && run.sessionKind !== "subagent",
    contextUnknown: (seq) => whyContextUnknown(present.run, built.context, seq),
  });
  if (present.unknown !== undefined) findings.skip(null, "its job", present.unknown);
  if (run.isRehearsed) findings.skip(null, "the model", "the run was rehearsed without one");
  const ended = await execute({
    ...options,
    ...opened,
    logger,
    recorded,
    present,
    agent,
    steps,
    models,
    built,
    findings,
  });
  compareEnd({ run, recorded, steps, ended, findings });
  const { found } = findings;
  return {
    runId,
    title: (run.title ?? run.reason).slice(0, 120) || run.handler,
    verdict: found.differenceCount === 0 ? "same" : "diverged",
    isComplete: ended !== undefined && endOf(run) !== null,
    fromSeq: fromSeq ?? null,
    job: present.job,
    agent: agent.agent,
    stepCount: recorded.length,
    ...found,
    recordedEnd: endOf(run),
    replayedEnd: ended ?? null,
    next: steps.next,
  };
}

/** The server must refuse writes: otherwise nothing is executed. */
async function requireReadOnly(database: Database): Promise<void> {
  const [row] = await database.query<{ isReadOnly: string }>(
    `select current_setting('default_transaction_read_only') as "isReadOnly"`,
  );
  assert(row?.isReadOnly === "on", "a replay needs a read-only database: open it with isReadOnly");
}

/** Over the home as it is, which is only read. */
async function openReadOnly(
  { database, homeDir, bucket }: ReplayOptions,
  logger: Logger,
): Promise<{ kernel: Kernel; memory: Memory } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const kernel = opened.use(await openKernel({ database, logger, migrate: false, events: [] }));
  const memory = opened.use(
    await openMemory({ kernel, homeDir, bucket, logger, migrate: false, isReadOnly: true, scan: false }),
  );
  const owned = opened.move();
  return { kernel, memory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function readSteps(database: Database, runId: string): Promise<Step[]> {
  const steps: Step[] = [];
  for (;;) {
    const page = await listSteps(database, runId, { after: steps.at(-1)?.seq ?? 0, limit: runLimits.listMax });
    steps.push(...page);
    if (page.length < runLimits.listMax || steps.length >= runLimits.stepsMax) return steps;
  }
}

interface Execution extends ReplayOptions {
  kernel: Kernel;
  memory: Memory;
  logger: Logger;
  recorded: Step[];
  present: PresentRun;
  agent: PresentAgent;
  steps: ReplayingSteps;
  models: ReturnType<typeof createSilentModels>;
  built: { context?: BuiltContext };
  findings: Findings;
}

/** How the program ends; undefined when the replay stopped before. */
async function execute(execution: Execution): Promise<ReplayRunEnd | undefined> {
  const { kernel, memory, logger, recorded, present, steps, signal } = execution;
  const { settings } = memory;
  // A run that has ended cannot be late, and its owner does not matter.
  const run: ClaimedRun = { ...present.run, deadlineAt: null, workerId: "replay", steps: recorded };
  const directory = createServiceDirectory(kernel.database, { clock: kernel.clock });
  const sources = [createServiceTools({ directory, call: refuse })];
  const toolsFor = createToolsFor({ kernel, memory, settings, sources });
  const ends: ReplayRunEnd[] = [];
  try {
    await runTurn({
      kernel,
      memory,
      run,
      agent: execution.agent.definition,
      signal,
      logger,
      steps,
      // Asking and redeeming happen in recorded steps.
      approvals: { ask: refuse, redeem: refuse, read: readApproval },
      // Nothing is written that would carry them.
      labels: async () => missingLabels,
      isRehearsal: run.isRehearsed,
      modelsFor: createModelsFor({
        providers: findProviders(settings, execution.model),
        settings,
        clock: kernel.clock,
        logger,
        open: execution.models.open,
      }),
      toolsFor: async (one, agent) =>
        (await toolsFor(one, agent)).map((tool) => ({ ...tool, execute: refuse, query: refuse })),
      context: () => buildPresent(execution),
      isRepeated: async () => {
        execution.findings.skip(null, "whether the same was said before", "it is of that moment");
        return (run.output as { reason?: unknown } | null)?.reason === repeatedReason;
      },
      end: async ({ state, output = null, error }) => void ends.push({ state, output, error: shortError(error) }),
    } satisfies AgentTurn);
  } catch (error) {
    if (error instanceof ReplayStopped) return undefined;
    signal.throwIfAborted();
    // As the worker ends a run whose program throws.
    return { state: "failed", output: null, error: shortError(toRoostError(error)) };
  }
  return ends.at(-1);
}

/** Steps are answered from their records: anything that arrives here would have an effect. */
function refuse(): never {
  throw new RoostError("internal", "a replay performs nothing");
}

/** A retried run is told so; which attempt the record belongs to is not known otherwise. */
async function buildPresent({ memory, present: { run }, agent, recorded, built }: Execution): Promise<AgentContext> {
  const then = recorded.find(({ kind, name }) => kind === "context" && name === "context#1")?.output as
    | AgentContext
    | undefined;
  const asked = then?.messages.at(-1)?.text;
  for (const attempt of new Set([1, run.attempt])) {
    built.context = await buildContext(memory, {
      run: { ...run, attempt },
      agent: agent.definition,
      scan: false,
    });
    if (built.context.context.messages.at(-1)?.text === asked) break;
  }
  assert(built.context !== undefined);
  return built.context.context;
}

function whyContextUnknown(run: Run, context: BuiltContext | undefined, seq: number): string | undefined {
  if (run.forkedFrom !== null && (run.forkedSeq ?? 1) > seq) return `it was copied from run ${run.forkedFrom}`;
  const isGone = typeof run.input["messageId"] === "string" && context?.turnSeq === undefined;
  return isGone ? "the message that began the run is no longer kept" : undefined;
}
