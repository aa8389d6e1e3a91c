/**
 * kill -9 of the gateway, then of everything, PostgreSQL included, of a home as a person starts it, with 16 runs in the middle of a model call and 100
 * jobs due a minute: how long until the door answers again. After everything was killed the home is started again, and that counts.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import { delay } from "@roost/base";
import { listHomeProcesses } from "../living-home/home-processes.ts";
import { startWholeHome } from "../living-home/start-whole-home.ts";
import { scriptedEnvironment, wholeHomeClient } from "../living-home/whole-home-client.ts";
import { formatMs, type Figure, type MeasureOptions } from "../measure.ts";
import { statistics } from "../statistics.ts";

const gatewayAimMs = 3_000;
const allAimMs = 4_000;
const runCount = 16;
const jobsPerMinute = 100;
const lookMs = 20;
const waitMsMax = 60_000;
/** Fewer than the losses in a row after which a run is ended as one that kills its workers (`stallsMax` of the kernel). */
const rounds = 3;

export async function measureRestart({ isQuick, onProgress }: MeasureOptions): Promise<Figure[]> {
  onProgress("recovery after kill -9 of the gateway, and of everything");
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  const home = join(directory, "roost");
  const asked = new Set<string>();
  await using model = await startScriptedModelServer({
    script: ({ userText }) => {
      const [stalling] = /stall [0-9]+/.exec(userText) ?? [];
      if (stalling === undefined) return "Done.";
      asked.add(stalling);
      return { stall: "before_headers" };
    },
  });
  try {
    const environment = await prepare(home, model, isQuick);
    const [gateways, everything, owned]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < (isQuick ? 1 : rounds); round += 1) {
      await using first = await startWholeHome(home, environment);
      if (round === 0) await start(home, environment, isQuick);
      await until(() => Promise.resolve(asked.size >= (isQuick ? 2 : runCount)));
      gateways.push(
        await untilAnswered(home, environment, async () => {
          for (const { pid, name } of await listHomeProcesses(first.pid, home))
            if (name === "gateway") process.kill(pid, "SIGKILL");
        }),
      );
      // The supervisor first, so that it starts nothing again.
      const all = await listHomeProcesses(first.pid, home);
      asked.clear();
      for (const { pid } of all.toSorted((a, b) => Number(b.name === "supervisor") - Number(a.name === "supervisor")))
        killIfThere(pid);
      await first.ended;
      const beginMs = performance.now();
      const answering = untilAnswered(home, environment, () => Promise.resolve());
      await using _second = await startWholeHome(home, environment);
      everything.push(await answering);
      await until(() => Promise.resolve(asked.size >= (isQuick ? 2 : runCount)));
      owned.push(performance.now() - beginMs);
    }
    return [
      figure("kill -9 of the gateway", gateways, gatewayAimMs, ""),
      figure(
        "kill -9 of everything and npm start",
        everything,
        allAimMs,
        `; until all ${runCount} runs ask the model again ${formatMs(statistics(owned).p50)}, at most ${formatMs(statistics(owned).max)}`,
      ),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function figure(what: string, times: number[], aimMs: number, more: string): Figure {
  const { p50, max, count } = statistics(times);
  return {
    name: `${what}, until the door answers, p50`,
    value: formatMs(p50),
    details: `at most ${formatMs(max)}, ${count} times, with ${runCount} runs at once and ${jobsPerMinute} jobs due a minute${more}`,
    aim: `≤ ${aimMs} ms`,
    isMet: max <= aimMs,
  };
}

async function prepare(home: string, model: ScriptedModelServer, isQuick: boolean): Promise<Record<string, string>> {
  await mkdir(join(home, "jobs"), { recursive: true });
  for (let n = 0; n < (isQuick ? 5 : jobsPerMinute); n += 1) {
    const anchor = new Date(Math.floor((n * 60_000) / jobsPerMinute)).toISOString();
    const job = { id: `due-${n}`, prompt: "Say done.", trigger: { kind: "every", every: "1m", anchor } };
    await writeFile(join(home, "jobs", `due-${n}.yaml`), JSON.stringify(job));
  }
  return { ...(await scriptedEnvironment(model.url)), ROOST_CONCURRENCY: String(runCount) };
}

async function start(home: string, environment: Record<string, string>, isQuick: boolean): Promise<void> {
  const api = await wholeHomeClient(home, environment);
  for (let n = 0; n < (isQuick ? 2 : runCount); n += 1)
    await api.sendMessage({ sessionKey: `stalls-${n}`, text: `stall ${n}` });
}

async function untilAnswered(
  home: string,
  environment: Record<string, string>,
  kill: () => Promise<void>,
): Promise<number> {
  const api = await wholeHomeClient(home, environment);
  await kill();
  const beginMs = performance.now();
  await until(() =>
    api.getStatus().then(
      () => true,
      () => false,
    ),
  );
  return performance.now() - beginMs;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`the home was not back after ${waitMsMax / 1000} s`);
    await delay(lookMs);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // Its parent's death was its own.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
