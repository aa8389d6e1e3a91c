/** Whether a heartbeat needs a model call. Cheap: unchanged files are not opened, and no model is called. */
import { isHeartbeatFileEmpty } from "@roost/agent/heartbeat";
import { formatDurationMs, RoostError } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import { buildDigest } from "../digest/build-digest.ts";
import { findHomeFile } from "../files/read-home-file.ts";
import type { Memory } from "../memory.ts";
import { briefScan, scanHome } from "../scan/scan-home.ts";
import { viewerOf } from "../visibility/viewer-of.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { compareInputs, fromOutside, readInputs, type HeartbeatInputs } from "./heartbeat-inputs.ts";
import { readHeartbeat, skipQuiet, type HeartbeatRow } from "./heartbeat-row.ts";

export type HeartbeatDecision =
  | { call: false; reason: "empty-heartbeat-file" | "unchanged" }
  | { call: true; because: string[] };

type HeartbeatRun = Pick<Run, "id" | "sessionKey" | "sessionKind" | "jobId" | "tickKey" | "input">;

/** Checks the home and the log and says why a model is to be called, or why not. */
export async function heartbeatDecision(
  memory: Memory,
  run: HeartbeatRun,
  agent: AgentDefinition = {},
): Promise<HeartbeatDecision> {
  const { database } = memory.kernel;
  const sessionKey = run.sessionKey ?? "heartbeat";
  await scanHome(memory, briefScan);
  const viewer = viewerOf({ ...run, sessionKind: "heartbeat" }, agent);
  const [beat, inputs] = await Promise.all([readHeartbeat(database, sessionKey), readInputs(memory, run, agent)]);
  if (await hasEmptyFile(memory, viewer)) {
    const because = compareInputs(outsideOnly(beat?.inputs ?? {}), outsideOnly(inputs));
    return because.length > 0 ? { call: true, because } : { call: false, reason: "empty-heartbeat-file" };
  }
  const digest = await buildDigest(memory, {
    sessionKey,
    sessionKind: "heartbeat",
    clearance: viewer.clearance,
    offsets: beat?.offsets ?? null,
    shownAt: beat?.calledAt ?? null,
  });
  const because = reasonsToCall(memory, run, beat);
  if (beat?.inputs != null) because.push(...compareInputs(beat.inputs, inputs));
  if (digest.newsCount > 0)
    because.push(digest.newsCount === 1 ? "something happened" : `${digest.newsCount} things happened`);
  if (because.length > 0) return { call: true, because };
  await skipQuiet(database, { sessionKey, from: beat?.offsets ?? null, to: digest.offsets });
  return { call: false, reason: "unchanged" };
}

function outsideOnly(inputs: HeartbeatInputs): HeartbeatInputs {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => fromOutside.test(name)));
}

/** An unreadable HEARTBEAT.md may have content: the other reasons decide. */
async function hasEmptyFile(memory: Memory, as: Viewer): Promise<boolean> {
  try {
    const file = await findHomeFile(memory, "HEARTBEAT.md", { as });
    return isHeartbeatFileEmpty(file?.text);
  } catch (error) {
    if (!(error instanceof RoostError) || error.code === "unavailable") throw error;
    return false;
  }
}

function reasonsToCall(memory: Memory, run: HeartbeatRun, beat: HeartbeatRow | undefined): string[] {
  const { quietMsMax } = memory.settings.heartbeat;
  if (run.tickKey?.startsWith("manual:") === true) return ["it was asked for"];
  if (beat?.calledAt == null || beat.inputs === null) return ["it is the first heartbeat"];
  const quietMs = memory.kernel.clock.nowMs() - beat.calledAt.getTime();
  if (quietMsMax !== undefined && quietMs >= quietMsMax) return [`it has been quiet for ${formatDurationMs(quietMs)}`];
  return [];
}
