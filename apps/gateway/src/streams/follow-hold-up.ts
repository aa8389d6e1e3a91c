/** Tells who waits for a run that a person holds it up: by a question of a run before it, or of one that it has started. */
import { sleepUntilAborted } from "@roost/base";
import { findHoldUps, type Kernel } from "@roost/kernel";
import { tellHoldUp } from "../records/describe-hold-up.ts";
import type { FollowedText } from "./follow-work.ts";

/** Between two looks, however much happens. */
const pauseMs = 1_000;
/** Without a wake-up. */
const pollMs = 30_000;

/** Whether a run may be held up from this event on. */
export function mayBeHeldUp({ type, data }: { type: string; data: Record<string, unknown> }): boolean {
  if (type === "run.created") return data["state"] === "queued";
  return type === "run.resumed" || (type === "run.waiting" && data["kind"] === "child");
}

/** Ends when the run waits for no other run. */
export async function* followHoldUp(
  kernel: Kernel,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<FollowedText, void> {
  using watch = kernel.wakeups.watch("log:runs");
  let told: string | undefined;
  do {
    // While the database does not answer nothing new is known.
    const found = await findHoldUps(kernel.database, [runId]).catch(() => undefined);
    if (found?.length === 0) return;
    const text = found?.[0] && tellHoldUp(found[0]);
    if (text !== undefined && text !== told) yield { kind: "remark", text };
    if (found !== undefined) told = text;
    await watch.next({ timeoutMs: pollMs, signal });
  } while (await sleepUntilAborted(pauseMs, { signal }));
}
