/**
 * A home without jobs as real processes, with a database of its own, a model that follows a script, and two HTTP servers that it
 * may act upon: where the scenarios are played that are about processes.
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { startScriptedModelServer, type Script, type ScriptedModelServer } from "@roost/agent/testing";
import { type Database } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { createSimulatedTime, type SimulatedTime } from "../../bench/src/living-home/simulated-time.ts";
import { startHome, withoutJobs, type LivingHome } from "../../bench/src/living-home/start-home.ts";
import { openTo, sendWithoutAsking, startWorld, type World } from "../../bench/src/week/start-world.ts";

export interface SceneOptions {
  /** Default: the model is not to be asked. */
  script?: (world: World) => Script;
  workerCount?: number;
  /** The workers have the tools of worker-program.ts besides their own. */
  hasMoreTools?: boolean;
  /** Changes to roost.yaml, after those that open it to the world. */
  settings?: (text: string) => string;
  environment?: Record<string, string>;
  /** Time leaps, from this moment on. Default: it goes by itself. */
  startMs?: number;
}

export interface Scene extends AsyncDisposable {
  world: World;
  model: ScriptedModelServer;
  database: Database;
  home: LivingHome;
  time: SimulatedTime;
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const world = opened.use(await startWorld());
  const script = options.script?.(world) ?? (() => ({ status: 500, error: { message: "no call was expected" } }));
  const model = opened.use(await startScriptedModelServer({ script }));
  const migrations = await readSchemas(homeRooms);
  const { database, url } = opened.use(await createTestDatabase({ migrations }));
  const time = opened.use(await createSimulatedTime(database, options.startMs ?? Date.now()));
  const home = opened.use(
    await startHome({
      databaseUrl: url,
      modelUrl: model.url,
      workerCount: options.workerCount ?? 1,
      parentDirectory: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
      files: {
        ...withoutJobs,
        "agents/main.md": (text) => sendWithoutAsking(world, text),
        "roost.yaml": (text) =>
          (options.settings ?? ((settings) => settings))(openTo(world, withoutJobs["roost.yaml"]!(text))),
      },
      environment: { TEST_WORLD_URL: world.plain.url, ...options.environment },
      workerPath: options.hasMoreTools === true ? "test/scenarios/worker-program.ts" : undefined,
    }),
  );
  const kept = opened.move();
  return { world, model, database, home, time, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
