/** Plays a worker with scripted replies, so that tests say what the model would have said. */
import {
  beginStep,
  claimRuns,
  createRun,
  finishRun,
  finishStep,
  registerWorker,
  type ClaimedRun,
  type Kernel,
  type NewRun,
} from "@roost/kernel";
import { joinLabels, parseLabels, type Labels } from "@roost/contract/labels";
import { buildContext, type BuiltContext } from "../context/build-context.ts";
import { isBesideConversation, runMessage } from "../context/run-message.ts";
import { commitDigest } from "../context/commit-digest.ts";
import type { Memory } from "../memory.ts";
import { appendReply, type Reply } from "../sessions/append-reply.ts";

/** Tests move the time by days. */
const leaseMs = 365 * 86_400_000;

export interface TestWorker extends AsyncDisposable {
  /** The next ready run. */
  claim(): Promise<ClaimedRun>;
  /** Its context, recorded with the context step as a worker does. */
  begin(run: ClaimedRun): Promise<BuiltContext>;
  /** Ends the run with this answer. */
  reply(run: ClaimedRun, text: string, options?: ReplyOptions): Promise<void>;
  fail(run: ClaimedRun, message: string): Promise<void>;
  /** Claims, builds the context and answers. */
  turn(text: string, options?: ReplyOptions): Promise<{ run: ClaimedRun; built: BuiltContext }>;
}

export interface ReplyOptions {
  /** Labels of what it read beside its context. */
  labels?: Labels;
  summarised?: Reply["summarised"];
  isRehearsed?: boolean;
}

export async function createTestWorker(memory: Memory): Promise<TestWorker> {
  const { kernel } = memory;
  const registration = await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid, ttlMs: leaseMs });
  const claim = async () => {
    const runs = await claimRuns(kernel, { workerId: registration.workerId, queues: ["default"], limit: 1 });
    const [run] = runs;
    if (run === undefined) throw new Error("no run is ready");
    return run;
  };
  const owned = (run: ClaimedRun) => ({ runId: run.id, epoch: run.epoch });
  const begin = async (run: ClaimedRun) => {
    await beginStep(kernel, owned(run), { seq: 1, name: "context#1", kind: "context", effect: "readonly" });
    const built = await buildContext(memory, { run });
    const labels = await numberOf(kernel, parseLabels(built.context.labels));
    await finishStep(
      kernel,
      owned(run),
      { seq: 1, state: "done", output: JSON.parse(JSON.stringify(built.context)), labels, runLabels: labels },
      { alongside: (tx) => commitDigest(tx, built) },
    );
    return built;
  };
  const reply: TestWorker["reply"] = async (run, text, { labels: read, summarised, isRehearsed } = {}) => {
    const labels = await recordRead(kernel, run, read);
    await finishRun(
      kernel,
      owned(run),
      { state: "done", output: { kind: "reply", text, ...(isRehearsed && { isRehearsed }) } },
      {
        alongside: async (tx) =>
          appendReply(tx, {
            run,
            labels,
            text,
            messages: [{ role: "assistant", text, provider: "test", model: "test" }],
            summarised,
            ...(isRehearsed && { isRehearsed }),
            asked: isBesideConversation(run) ? await runMessage(memory, run) : undefined,
          }),
      },
    );
  };
  return {
    claim,
    begin,
    reply,
    fail: async (run, message) =>
      void (await finishRun(kernel, owned(run), {
        state: "failed",
        error: { code: "unavailable", message, isRetryable: false },
      })),
    async turn(text, options) {
      const run = await claim();
      const built = await begin(run);
      await reply(run, text, options);
      return { run, built };
    },
    [Symbol.asyncDispose]: () => registration[Symbol.asyncDispose](),
  };
}

/** As a tool's step would: the run's labels include them from here on. Returns the run's labels. */
async function recordRead(kernel: Kernel, run: ClaimedRun, read: Labels | undefined): Promise<Labels> {
  const [row] = await kernel.database.query<{ labels: number }>("select labels from roost.run where id = $1", [run.id]);
  const known = await kernel.labelSets.read(kernel.database, row!.labels);
  if (read === undefined) return known;
  const owned = { runId: run.id, epoch: run.epoch };
  const all = joinLabels(known, read);
  const labels = await numberOf(kernel, all);
  await beginStep(kernel, owned, { seq: 2, name: "tool:http_fetch#1", kind: "tool", effect: "readonly" });
  await finishStep(kernel, owned, { seq: 2, state: "done", output: { text: "" }, labels, runLabels: labels });
  return all;
}

async function numberOf({ labelSets, database }: Kernel, labels: Labels): Promise<number> {
  const [number] = await labelSets.number(database, [labels]);
  return number!;
}

/** A run of a job, as a tick would start it. */
export async function startJobRun(
  kernel: Kernel,
  run: {
    jobId: string;
    kind: "cron" | "heartbeat" | "main";
    prompt?: string;
    inputs?: { file: string; staleAfterMs: number }[];
    tickKey?: string | undefined;
  } & Partial<NewRun>,
): Promise<string> {
  const { jobId, kind, prompt = "do it", inputs, tickKey = kernel.createId(), ...rest } = run;
  const { runId } = await kernel.transact((tx) =>
    createRun(tx, {
      reason: "a test",
      title: `The ${jobId}`,
      agent: "main",
      sessionKind: kind,
      sessionKey: kind === "main" ? "main" : `${kind}:${jobId}`,
      job: { id: jobId, version: 1, tickKey, scheduledAt: new Date(kernel.clock.nowMs()) },
      input: { prompt, ...(inputs !== undefined && { inputs }) },
      ...rest,
    }),
  );
  return runId;
}
