/**
 * Lives through the week: leaps from one due moment to the next, and at the moments named does what happens to a home meanwhile.
 * It ends when the week has and everything is quiet.
 */
import type { LivingHome } from "../living-home/start-home.ts";
import type { SimulatedTime } from "../living-home/simulated-time.ts";

export interface Incident {
  /** When, in ISO 8601. What is due at the same moment begins in the middle of it. */
  at: string;
  happen: () => Promise<void>;
}

interface LiveWeekOptions {
  time: SimulatedTime;
  endMs: number;
  incidents: Incident[];
}

export async function liveWeek({ time, endMs, incidents }: LiveWeekOptions): Promise<void> {
  const coming = incidents.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  for (;;) {
    const { nextMs = endMs } = await time.untilQuiet();
    const incidentMs = coming[0] === undefined ? Infinity : Date.parse(coming[0].at);
    const leapMs = Math.min(nextMs, incidentMs);
    if (leapMs >= endMs) return;
    await time.leapTo(leapMs);
    if (incidentMs <= leapMs) await coming.shift()!.happen();
  }
}

/** Sends a message to the main session; resolves with the run that answers it. */
export async function say({ api }: LivingHome, text: string): Promise<string> {
  const { runId } = await api.sendMessage({ sessionKey: "main", text });
  return runId;
}

/** What a run said, once it is over, heard over its stream. */
export async function hearEnd(
  { api }: Pick<LivingHome, "api">,
  runId: string,
): Promise<{ state: string; text: string }> {
  for await (const { data } of api.watchRun({ runId })) if (data.kind === "over") break;
  const { run } = await api.getRun({ runId });
  const output = run.output as { text?: string } | null;
  return { state: run.state, text: output?.text ?? "" };
}

/** The run of a job that is going. */
export async function runOf({ api }: LivingHome, jobId: string): Promise<string> {
  const { job } = await api.getJob({ jobId });
  const [runId] = job.activeRunIds;
  if (runId === undefined) throw new Error(`no run of ${jobId} is going`);
  return runId;
}
