/** Executes the run of a scene with the worker's handler, from scratch or from the beginning of a recorded journal. */
import assert from "node:assert/strict";
import { silentLogger } from "@roost/base";
import { answerQuestion } from "@roost/approvals";
import { getRun, listQuestions, listSteps, type Run, type Step } from "@roost/kernel";
import { Settings } from "@roost/memory/settings";
import { createAgentHandler } from "../create-agent-handler.ts";
import { executeRun } from "../execute-run.ts";
import { createModelsFor } from "../models/choose-models.ts";
import { openTestHome, type TestHome } from "../testing/open-test-home.ts";
import { startRun } from "../testing/start-worker.ts";
import type { JournalScene } from "./journal-scenes.ts";

/** What identifies a step, and its outcome. */
export type JournalStep = Pick<
  Step,
  "seq" | "name" | "kind" | "effect" | "state" | "inputHash" | "input" | "output" | "error"
>;

export interface Journal {
  scene: string;
  state: Run["state"];
  steps: JournalStep[];
}

export interface Stage extends AsyncDisposable {
  home: TestHome;
  /** Requests sent to the model. */
  readonly requestCount: number;
  /** Executes a run of the scene that begins with these steps. */
  play(recorded?: readonly JournalStep[]): Promise<Journal>;
}

/** `loopVersion`: of the journals. Default: the newest. */
export async function openStage(scene: JournalScene, loopVersion?: number): Promise<Stage> {
  const home = await openTestHome({ files: scene.files });
  const { kernel } = home;
  let requestCount = 0;
  home.setScript((request) => {
    requestCount += 1;
    return scene.script(request);
  });
  const provider = {
    kind: "openai-compatible" as const,
    id: "scripted",
    baseUrl: home.modelUrl,
    model: "scripted",
    outputTokensMax: 512,
    contextTokensMax: scene.contextTokensMax,
  };
  const choice = { settings: Settings.parse({}), clock: kernel.clock, logger: silentLogger };
  const modelsFor = createModelsFor({ providers: [provider], ...choice });
  const agent = createAgentHandler({ ...home.handlerOptions, modelsFor });

  async function play(recorded: readonly JournalStep[] = []): Promise<Journal> {
    const { job } = scene.run;
    const runId = await startRun(kernel, {
      sessionKind: "main",
      sessionKey: "main",
      input: { prompt: "begin" },
      ...scene.run,
      ...(job === undefined ? {} : { job: { ...job, tickKey: crypto.randomUUID() } }),
    });
    await record(home, runId, recorded, loopVersion);
    for (;;) {
      const { run, die } = await home.claim(runId);
      const { signal } = new AbortController();
      assert.ok(await executeRun({ kernel, handlers: { agent }, logger: silentLogger }, run, signal));
      await die();
      const now = await getRun(kernel.database, runId);
      if (now.state !== "waiting")
        return { scene: scene.name, state: now.state, steps: (await listSteps(kernel.database, runId)).map(kept) };
      const [question] = await listQuestions(kernel, { runId, states: ["open"] });
      assert.ok(question !== undefined, `it waits for ${now.waitingFor}`);
      await answerQuestion(kernel, { questionId: question.id, answer: question.choices?.[0] ?? "yes", by: "test" });
    }
  }

  return {
    home,
    play,
    get requestCount() {
      return requestCount;
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/** As left by a dead worker: epoch 0 belongs to no owner. */
async function record(
  { kernel }: TestHome,
  runId: string,
  steps: readonly JournalStep[],
  loopVersion: number | undefined,
): Promise<void> {
  await kernel.database.query(
    `insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, started_at, ended_at)
     select $1, s.seq, s.name, s.kind, s.effect, s.state, 1, 0, $1::uuid || ':' || s.seq, s."inputHash", s.input, s.output, s.error, roost.now(), roost.now()
     from jsonb_to_recordset($2::jsonb) as s(seq integer, name text, kind text, effect text, state text, "inputHash" text, input jsonb, output jsonb, error jsonb)`,
    [runId, JSON.stringify(steps)],
  );
  await kernel.database.query("update roost.run set retry_of = id, loop_version = $2 where id = $1", [
    runId,
    loopVersion ?? null,
  ]);
}

function kept({ seq, name, kind, effect, state, inputHash, input, output, error }: Step): JournalStep {
  return { seq, name, kind, effect, state, inputHash, input, output, error };
}
