import type { Outcome } from "./turn.ts";

/** Enough turns of the event loop for whatever follows an answer: microtasks, and setImmediate of an appender. */
const settleTurns = 3;

/** The answer, or undefined when it has not come in time. Without a limit it is waited for. */
export async function answerWithin(answer: Promise<Outcome>, ms: number | undefined): Promise<Outcome | undefined> {
  if (ms === undefined) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  const outcome = await Promise.race([answer, late]);
  clearTimeout(timer);
  return outcome;
}

/** Returns when every process has come as far as it can without a further turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
