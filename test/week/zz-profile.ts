import { startScriptedModelServer } from "@roost/agent/testing";
import { readMigrations } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { kernelMigrations, kernelSchema } from "@roost/kernel";
import { startHome } from "../../bench/src/living-home/start-home.ts";
import { createSimulatedTime } from "../../bench/src/living-home/simulated-time.ts";
import { createWeekScript } from "./create-week-script.ts";
import { liveWeek } from "./live-week.ts";
import { startWorld } from "./start-world.ts";
const startMs = Date.parse("2025-11-24T00:00:00Z");
const endMs = startMs + Number(process.env.HOURS ?? 8) * 3_600_000;
const world = await startWorld();
const model = await startScriptedModelServer({ script: createWeekScript(world), models: ["scripted"] });
const tdb = await createTestDatabase({
  migrations: { schema: kernelSchema, migrations: await readMigrations(kernelMigrations) },
});
const database = tdb.database;
const time = await createSimulatedTime(database, startMs);
const t0 = performance.now();
const env: Record<string, string> = {};
if (process.env.PROF) env.NODE_OPTIONS = process.env.PROF;
const home = await startHome({
  databaseUrl: tdb.url,
  modelUrl: model.url,
  workerCount: 2,
  parentDirectory: "/dev/shm",
  environment: env,
  files: {
    "roost.yaml": (s) =>
      s
        .replace(/^( *allow:) \[\]$/m, `$1 ["${world.keyed.host}", "${world.plain.host}"]`)
        .replace(/^( *keyed:) \[\]$/m, `$1 ["${world.keyed.host}"]`),
  },
});
console.log("start ms", performance.now() - t0);
const t1 = performance.now();
const cpu = async () => {
  const fs = await import("node:fs");
  return [home.gateway, ...home.workers].map((p) => {
    const f = fs.readFileSync(`/proc/${p.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(f[11]) + Number(f[12])) * 10;
  });
};
const pgcpu = async () => { const fs = await import("node:fs"); const [r] = (await database.query("select pg_backend_pid() p")) as any; const ppid = fs.readFileSync(`/proc/${r.p}/stat`, "utf8").split(") ")[1]!.split(" ")[1]; let t = 0; for (const d of fs.readdirSync("/proc")) { if (!/^\d+$/.test(d)) continue; try { const f = fs.readFileSync(`/proc/${d}/stat`, "utf8").split(") ")[1]!.split(" "); if (f[1] === ppid || d === ppid) t += (Number(f[11]) + Number(f[12])) * 10 + (d === ppid ? (Number(f[13]) + Number(f[14])) * 10 : 0); } catch {} } return t; };
const g0 = await pgcpu(); const s0 = process.cpuUsage();
const c0 = await cpu();
const x0 = await database.query(
  "select xact_commit::int c, tup_inserted::int i from pg_stat_database where datname=current_database()",
);
await liveWeek({ time, home, endMs, incidents: [] });
const wall = performance.now() - t1;
const c1 = await cpu();
console.log(
  "lived ms",
  wall,
  "cpu gw,w1,w2",
  c1.map((v, i) => v - c0[i]!),
  "self",
  process.cpuUsage().user / 1000,
);
const [{ n }] = (await database.query("select count(*)::int n from roost.run")) as any;
console.log("runs", n, "model calls", model.requests.length, "ms per run", wall / n);
console.log(
  await database.query(
    `select name, count(*)::int, round(avg(extract(epoch from ended_at-started_at)*1000)::numeric,1)::text ms from roost.step group by 1 order by 1`,
  ),
);
console.log(
  await database.query(
    `select job_id, count(*)::int, round(avg(extract(epoch from ended_at-started_at)*1000)::numeric,1)::text ms, round(avg(extract(epoch from started_at-created_at)*1000)::numeric,1)::text claim from roost.run group by 1 order by 1`,
  ),
);
console.log(
  "xacts",
  x0,
  await database.query(
    "select xact_commit::int c, tup_inserted::int i from pg_stat_database where datname=current_database()",
  ),
);
if (process.env.NEVER)
  console.log(
    await database
      .query(
        `select calls::int, round(total_exec_time::numeric,1)::text t, left(query,100) q from pg_stat_statements order by total_exec_time desc limit 15`,
      )
      .catch((e) => String(e)),
  );
await home[Symbol.asyncDispose]();
await time[Symbol.asyncDispose]();
await tdb[Symbol.asyncDispose]();
process.exit(0);
