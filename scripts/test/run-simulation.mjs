// Lets many simulated worlds happen, on as many processes as asked for, and tells what became of them. A world that breaks a promise is
// made smaller and printed as a plan; `--seed` and `--plan` show one world with its trace. docs/simulation.md says what is simulated.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createPlan, openWorlds, shrinkPlan, simulate } from "@roost/simulation";

const usage = `npm run simulate -- [--seeds N] [--from N] [--minutes M] [--jobs N]   many worlds
npm run simulate -- --first [...]                                     ends at the first that breaks a promise, as it is
npm run simulate -- --seed N                                          one world, with its trace
npm run simulate -- --plan FILE                                       a plan that was printed, with its trace`;
const exitCodes = { kept: 0, broken: 1, usage: 64 };
const shrinkAttemptsMax = 150;
const progressEveryMs = 10_000;

const options = readOptions();
if (process.send !== undefined) await playPart();
else if (options.seed !== undefined || options.plan !== undefined) await showOne();
else await letManyHappen();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: "string", default: "100" },
        from: { type: "string", default: "1" },
        minutes: { type: "string", default: "0" },
        jobs: { type: "string", default: String(Math.max(1, availableParallelism())) },
        seed: { type: "string" },
        plan: { type: "string" },
        first: { type: "boolean", default: false },
      },
    });
    const { plan, first, ...numbers } = values;
    const given = Object.entries(numbers);
    if (given.some(([, value]) => !/^\d+$/.test(value))) throw new Error("give whole numbers");
    return { ...Object.fromEntries(given.map(([name, value]) => [name, Number(value)])), plan, first };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(exitCodes.usage);
  }
}

async function showOne() {
  const plan = options.plan === undefined ? createPlan(options.seed) : JSON.parse(readFileSync(options.plan, "utf8"));
  await using worlds = await openWorlds();
  const result = await simulate(worlds, plan);
  console.log(result.trace.join("\n"));
  console.log(JSON.stringify(plan));
  console.log(result.violation ?? "every promise was kept");
  process.exitCode = result.violation === undefined ? exitCodes.kept : exitCodes.broken;
}

/** One of several processes: each result is told to the parent, and has been heard before the next world begins. */
async function playPart() {
  const tell = (result) =>
    new Promise((resolve, reject) => process.send(result, (error) => (error === null ? resolve() : reject(error))));
  await playSeeds(options, tell);
  process.disconnect();
}

/** The seeds that are its part. */
async function playSeeds(part, tell) {
  await using worlds = await openWorlds();
  const until = part.minutes === 0 ? Infinity : performance.now() + part.minutes * 60_000;
  for (let seed = part.from; seed < part.from + part.seeds * part.jobs; seed += part.jobs) {
    if (performance.now() > until) break;
    const { trace, ...result } = await simulate(worlds, createPlan(seed));
    const isBroken = result.violation !== undefined;
    const small = isBroken && !options.first ? await makeSmall(worlds, result.plan) : {};
    await tell({ ...result, smallest: result.plan, smallestTrace: isBroken ? trace : [], ...small });
    if (isBroken && options.first) break;
  }
}

async function makeSmall(worlds, plan) {
  const isBroken = async (candidate) => (await simulate(worlds, candidate)).violation !== undefined;
  const smallest = await shrinkPlan(plan, { isBroken, attemptsMax: shrinkAttemptsMax });
  const { violation, trace } = await simulate(worlds, smallest);
  return { smallest, smallestViolation: violation, smallestTrace: trace };
}

async function letManyHappen() {
  const { jobs, seeds, from, minutes, first } = options;
  const sums = {
    worlds: 0,
    stepCount: 0,
    faultCount: 0,
    waitCount: 0,
    crashCount: 0,
    runCount: 0,
    eventCount: 0,
    broken: 0,
  };
  const startedMs = performance.now();
  const note = (result) => {
    sums.worlds += 1;
    for (const name of Object.keys(sums)) sums[name] += result[name] ?? 0;
    if (result.violation === undefined) return;
    sums.broken += 1;
    tellBroken(result);
  };
  const progress = setInterval(() => console.error(describe(sums, startedMs)), progressEveryMs);
  const parts = Array.from({ length: jobs }, async (_, part) => {
    const count = Math.ceil((seeds - part) / jobs);
    if (count < 1) return 0;
    const own = { from: from + part, seeds: count, jobs, minutes };
    // Alone it needs no process of its own: what this one was started with (a mutant, a debugger) is what happens.
    return jobs === 1 ? playSeeds(own, note).then(() => 0) : startPart(own, first, note);
  });
  const codes = await Promise.all(parts);
  clearInterval(progress);
  console.log(describe(sums, startedMs));
  process.exitCode = codes.find((code) => code !== 0) ?? (sums.broken > 0 ? exitCodes.broken : exitCodes.kept);
}

/** Resolves to its exit code. */
function startPart(part, isFirstOnly, onResult) {
  const given = Object.entries(part).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = fork(fileURLToPath(import.meta.url), isFirstOnly ? [...given, "--first"] : given);
  child.on("message", onResult);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

function tellBroken({ plan, violation, smallest, smallestViolation, smallestTrace }) {
  console.log(`seed ${plan.seed} breaks a promise: ${violation}`);
  console.log(`  see it:     npm run simulate -- --seed ${plan.seed}`);
  if (smallestViolation !== undefined) console.log(`  made small: ${smallestViolation}`);
  console.log(`  its plan, for a file and --plan: ${JSON.stringify(smallest)}`);
  console.log(
    smallestTrace
      .slice(-25)
      .map((line) => `    ${line}`)
      .join("\n"),
  );
}

function describe(sums, startedMs) {
  const { worlds, stepCount, faultCount, waitCount, crashCount, runCount, eventCount, broken } = sums;
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  return (
    `${worlds} worlds in ${minutes} min: ${stepCount} steps, ${faultCount} faults, ${crashCount} crashes, ${waitCount} lock waits, ` +
    `${runCount} runs, ${eventCount} events; ${broken === 0 ? "every promise kept" : `${broken} broke a promise`}`
  );
}
