/**
 * The scripted week of the example home: the home, the servers that it acts upon, the model that knows nothing but what it reads, and the person, who talks
 * and answers what waits in the inbox. Its caller says until when it lasts, and what else happens.
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import type { Database } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { startHome, type LivingHome } from "../living-home/start-home.ts";
import { createSimulatedTime } from "../living-home/simulated-time.ts";
import { answerApprovals, type ApprovedCall } from "./answer-approvals.ts";
import { createWeekScript } from "./create-week-script.ts";
import { hearEnd, liveWeek, say, type Incident } from "./live-week.ts";
import { openTo, startWorld, type World } from "./start-world.ts";

/** A Monday. */
export const weekStartMs = Date.parse("2025-11-24T00:00:00Z");
/** How often the example home looks for comments. */
export const exampleCheckMinutes = 20;

export interface HeardAnswer {
  said: string;
  state: string;
  text: string;
}

export interface Week extends AsyncDisposable {
  world: World;
  model: ScriptedModelServer;
  database: Database;
  home: LivingHome;
  /** When the heartbeat begins. */
  firstHeartbeatMs: number;
  /** What the person was asked to approve so far, and approved, each time for that call alone. */
  approvals: readonly ApprovedCall[];
  /** What the person said, and what main answered. */
  answers: readonly HeardAnswer[];
  /** An incident: the person says this, and waits for the answer. */
  ask(text: string): () => Promise<void>;
  live(endMs: number, incidents: Incident[]): Promise<void>;
}

export async function openWeek({ checkEveryMinutes = exampleCheckMinutes, workerCount = 2 } = {}): Promise<Week> {
  await using opened = new AsyncDisposableStack();
  const world = opened.use(await startWorld());
  const model = opened.use(await startScriptedModelServer({ script: createWeekScript(world), models: ["scripted"] }));
  const { database, url } = opened.use(await createTestDatabase({ migrations: await readSchemas(homeRooms) }));
  const time = opened.use(await createSimulatedTime(database, weekStartMs));
  const home = opened.use(
    await startHome({
      databaseUrl: url,
      modelUrl: model.url,
      workerCount,
      parentDirectory: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
      files: {
        "roost.yaml": (settings) => openTo(world, settings),
        "jobs/social-checker.yaml": (text) =>
          text.replace(`every: ${exampleCheckMinutes}m,`, `every: ${checkEveryMinutes}m,`),
      },
    }),
  );
  const { job } = await home.api.getJob({ jobId: "heartbeat" });
  const person = opened.use(answerApprovals(home));
  const answers: HeardAnswer[] = [];
  const kept = opened.move();
  return {
    world,
    model,
    database,
    home,
    firstHeartbeatMs: Date.parse(job.nextAt ?? ""),
    approvals: person.asked,
    answers,
    ask: (text) => async () => {
      answers.push({ said: text, ...(await hearEnd(home, await say(home, text))) });
    },
    async live(endMs, incidents) {
      try {
        await Promise.race([liveWeek({ time, endMs, incidents }), person.failed]);
      } catch (error) {
        throw new Error(home.readLogs(), { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What the person says in the week, and what a reader writes. */
export function listTalk({ world, ask }: Pick<Week, "world" | "ask">): Incident[] {
  return [
    {
      at: "2025-11-24T12:00:00.000Z",
      happen: async () => void world.comments.push({ day: "2025-11-24", from: "Ada", text: "Which fan?" }),
    },
    { at: "2025-11-24T08:55:00.000Z", happen: ask("Good morning") },
    { at: "2025-11-25T07:10:00.000Z", happen: ask("Please expand item 3") },
  ];
}
