/** kill -9 of a worker in the middle of a step: how long until another worker owns its run, and until it asks the model again. */
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import type { Database } from "@roost/database";
import { startHome, withoutJobs, type LivingHome } from "../living-home/start-home.ts";
import { formatMs, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { statistics } from "../statistics.ts";
import { measureRestart } from "./measure-restart.ts";

const aimMsMax = 1_000;

export const measureRecovery: Measure = async (options) => [
  ...(await measureWorkers(options)),
  ...(await measureRestart(options)),
];

const measureWorkers: Measure = async ({ isQuick, onProgress }) => {
  onProgress("recovery after kill -9 of a worker");
  await using opened = await openDurableDatabase();
  const first = "wait for ever";
  const isAsked = new Set<string>();
  await using model = await startScriptedModelServer({
    script: ({ userText }) => {
      const text = userText.slice(userText.indexOf(first));
      if (isAsked.has(text)) return "Here I am again.";
      isAsked.add(text);
      return { stall: "before_headers" };
    },
  });
  await using home = await startHome({
    databaseUrl: opened.url,
    modelUrl: model.url,
    workerCount: 2,
    files: withoutJobs,
  });
  const claimed: number[] = [];
  const resumed: number[] = [];
  for (let round = 0; round < (isQuick ? 1 : 10); round += 1) {
    const [claimMs, resumeMs] = await killOnce(home, {
      model,
      database: opened.database,
      text: `${first}, round ${round}`,
    });
    claimed.push(claimMs);
    resumed.push(resumeMs);
    await home.addWorker();
  }
  const [claim, resume] = [statistics(claimed), statistics(resumed)];
  return [
    {
      name: "recovery after kill -9 of a worker, p50",
      value: formatMs(claim.p50),
      details: `until another worker owns the run, at most ${formatMs(claim.max)}; until it asks the model again ${formatMs(resume.p50)}, at most ${formatMs(resume.max)}; ${claim.count} kills`,
      aim: `≤ ${aimMsMax} ms`,
      isMet: claim.max <= aimMsMax,
    },
  ];
};

async function killOnce(
  home: LivingHome,
  { model, database, text }: { model: ScriptedModelServer; database: Database; text: string },
): Promise<[claimMs: number, resumeMs: number]> {
  const asked = model.arrived();
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text });
  await asked;
  const askedAgain = model.arrived();
  const killMs = Date.now();
  await home.killWorkerOf(runId);
  await askedAgain;
  const resumeMs = Date.now() - killMs;
  for await (const { data } of home.api.watchRun({ runId })) if (data.kind === "over") break;
  // The database runs on this machine: its clock is ours.
  const [row] = await database.query<{ time: Date }>(
    `select max(time) as time from roost.event where type = 'run.started' and subject = $1`,
    [runId],
  );
  return [row!.time.getTime() - killMs, resumeMs];
}
