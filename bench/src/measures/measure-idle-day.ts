/** An idle day of 48 heartbeats, simulated: how many of them ask the model. The day begins when the home has settled. */
import { startScriptedModelServer } from "@roost/agent/testing";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { createSimulatedTime, type SimulatedTime } from "../living-home/simulated-time.ts";
import { startHome, withoutJobs } from "../living-home/start-home.ts";
import type { Measure } from "../measure.ts";

const startMs = Date.parse("2025-11-24T00:00:00Z");
const hourMs = 3_600_000;
/** The first heartbeat, and the states that become stale: they are thought about once. */
const settlingMs = 12 * hourMs;

export const measureIdleDay: Measure = async ({ isQuick, onProgress }) => {
  onProgress("model calls on an idle day, simulated");
  await using model = await startScriptedModelServer({ script: () => "HEARTBEAT_OK" });
  const migrations = await readSchemas(homeRooms);
  await using opened = await createTestDatabase({ migrations });
  await using time = await createSimulatedTime(opened.database, startMs);
  const files = { ...withoutJobs, "roost.yaml": (text: string) => text.replace(/^ *activeHours:.*$/m, "") };
  await using _home = await startHome({ databaseUrl: opened.url, modelUrl: model.url, workerCount: 1, files });
  await liveUntil(time, startMs + settlingMs);
  const before = { calls: model.requests.length, beats: await countBeats() };
  await liveUntil(time, startMs + settlingMs + (isQuick ? 2 : 24) * hourMs);
  const calls = model.requests.length - before.calls;
  const beats = (await countBeats()) - before.beats;
  return [
    {
      name: `model calls in ${isQuick ? "two idle hours" : "an idle day"}`,
      value: String(calls),
      details: `${beats} heartbeats ran; ${before.calls} calls in the ${settlingMs / hourMs} hours before, while the home settled`,
      aim: "0",
      isMet: calls === 0 && (isQuick || beats === 48),
    },
  ];

  async function countBeats(): Promise<number> {
    const [row] = await opened.database.query<{ count: number }>(
      `select count(*)::int as count from roost.run_all where session_kind = 'heartbeat' and state = 'done'`,
    );
    return row!.count;
  }
};

async function liveUntil(time: SimulatedTime, untilMs: number): Promise<void> {
  for (;;) {
    const { nextMs = untilMs } = await time.untilQuiet();
    if (nextMs > untilMs) return time.leapTo(untilMs);
    await time.leapTo(nextMs);
  }
}
