/**
 * The hooks of one run. Which they are is recorded when the run begins: a change of the settings concerns later runs, so that a journal goes on as
 * it began. A hook that has gone or changed since counts as failed.
 */
import { createHash } from "node:crypto";
import type { HookAnswer, HookPoint, HookRequest, Hooks, StepResult, StepRunner } from "@roost/agent";
import { RoostError, storableText, toRoostError } from "@roost/base";
import { joinLabels, mainLabels } from "@roost/contract/labels";
import { raiseNotice, rememberResult, type ClaimedRun, type Kernel } from "@roost/kernel";
import { fitsTool } from "../tools/policy-of.ts";

/** A hook as a typed function; a command of the settings is one too. */
export interface Hook {
  name: string;
  at: HookPoint;
  /** Names of tools, or their beginning and *. Default: all. */
  tools?: readonly string[] | undefined;
  /** Default: all. */
  agents?: readonly string[] | undefined;
  /** What it does, for the record: another one is another hook. */
  mark: string;
  run: (asked: HookRequest & { run: HookedRun }, options: { signal: AbortSignal }) => Promise<HookAnswer>;
}

/** What a hook is told of the run. */
export interface HookedRun {
  id: string;
  agent: string;
  jobId: string | null;
  sessionKind: string | null;
}

/** As the run recorded it. */
interface KnownHook {
  name: string;
  at: HookPoint;
  tools?: string[] | undefined;
  mark: string;
}

export interface RunHooksOptions {
  kernel: Kernel;
  run: ClaimedRun;
  steps: StepRunner;
  /** Of the settings now. */
  hooks: readonly Hook[];
  /** Of one hook. */
  timeoutMs?: number;
}

const stepName = "hooks#1";
const timeoutMsDefault = 5_000;
const noteCharsMax = 2_000;

/** Undefined: the run has none. */
export async function createRunHooks(options: RunHooksOptions): Promise<Hooks | undefined> {
  const known = await knownHooks(options);
  if (known.length === 0) return undefined;
  const { kernel, run, hooks, timeoutMs = timeoutMsDefault } = options;
  const { id, jobId, sessionKind } = run;
  const told: HookedRun = { id, agent: run.agent ?? "main", jobId, sessionKind };
  return {
    at: (point, tool) =>
      known.filter((hook) => hook.at === point && (tool === undefined || fits(hook, tool))).map(({ name }) => name),
    call: async (name, asked, { signal, idempotencyKey, labels }): Promise<StepResult<HookAnswer>> => {
      const recorded = known.find((hook) => hook.name === name && hook.at === asked.point);
      const hook = hooks.find(
        (each) => each.name === name && each.at === asked.point && markOf(each) === recorded?.mark,
      );
      try {
        if (hook === undefined)
          throw new RoostError("not_found", "it is not in the settings any more as this run began with it");
        return { state: "done", output: await answerOf(hook, { ...asked, run: told }, { signal, timeoutMs }) };
      } catch (error) {
        signal.throwIfAborted();
        const { message } = toRoostError(error);
        if (asked.point.startsWith("before-"))
          return {
            state: "failed",
            error: { code: "unavailable", message: storableText(message), isRetryable: false },
          };
        const text = storableText(`The hook ${name} failed after ${asked.step ?? "the run"}: ${message}`);
        const read = await labels();
        await kernel.transact((tx) =>
          // Begun again after a crash, it is told once.
          rememberResult(tx, { scope: "hook-failed", key: idempotencyKey }, async () => {
            // What it wrote may repeat what it was told.
            const labelSet = await tx.labelSet(joinLabels(mainLabels, read));
            raiseNotice(tx, { level: "warning", text, source: "hooks", runId: run.id, labelSet });
            return null;
          }),
        );
        return { state: "done", output: {} };
      }
    },
  };
}

async function knownHooks({ run, steps, hooks }: RunHooksOptions): Promise<KnownHook[]> {
  const first = run.steps.find(({ seq }) => seq === 1);
  const own = hooks.filter(({ agents }) => agents?.includes(run.agent ?? "main") ?? true);
  // It began without, or there are none.
  if (first === undefined ? own.length === 0 : first.name !== stepName) return [];
  const outcome = await steps.step<KnownHook[]>(stepName, { kind: "hook", effect: "readonly" }, async () => ({
    state: "done",
    output: own.map(({ name, at, tools, ...rest }) => ({
      name,
      at,
      tools: tools === undefined ? undefined : [...tools],
      mark: markOf({ name, at, tools, ...rest }),
    })),
  }));
  return outcome.state === "done" ? outcome.output : [];
}

function fits({ tools }: KnownHook, tool: string): boolean {
  return tools?.some((pattern) => fitsTool(pattern, tool)) ?? true;
}

function markOf({ at, tools, mark }: Hook): string {
  return createHash("sha256")
    .update(JSON.stringify([at, tools ?? null, mark]))
    .digest("hex")
    .slice(0, 16);
}

/** A hook that ignores its signal does not hold up the run. */
async function answerOf(
  hook: Hook,
  asked: HookRequest & { run: HookedRun },
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<HookAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  limit.addEventListener("abort", () => over.reject(limit.reason), { once: true });
  const { refuse, note } = await Promise.race([hook.run(asked, { signal: limit }), over.promise]);
  return {
    refuse: refuse === undefined ? undefined : cut(refuse),
    note: note === undefined ? undefined : cut(note),
  };
}

function cut(text: string): string {
  return storableText(text.slice(0, noteCharsMax));
}
