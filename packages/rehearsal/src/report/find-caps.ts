/** Every cap with its highest spending and the first call that it refused. */
import type { RehearsedCap } from "@roost/contract/operations";
import type { RunNames } from "./name-runs.ts";
import type { Played, PlayedRefusal, PlayedRun } from "./read-played.ts";

type Unit = RehearsedCap["unit"];

export function findCaps(played: Played, names: RunNames): RehearsedCap[] {
  const refusals = refusalsByCap(played);
  const caps: RehearsedCap[] = [];
  const add = (cap: Omit<RehearsedCap, "refusals" | "first">) => {
    const refused = refusals.get(`${cap.scope}/${cap.window} ${cap.unit}`) ?? [];
    caps.push({ ...cap, refusals: refused.length, first: firstOf(refused[0], cap, names) });
  };
  for (const { scope, window, ...row } of played.caps) {
    const spent = played.spend.filter((spend) => spend.scope === scope && spend.window === window);
    const bounds: [Unit, number | null, (spend: (typeof spent)[number]) => number][] = [
      ["usd", row.usdMax, ({ usd }) => usd],
      ["tokens", row.tokensMax, ({ tokens }) => tokens],
      ["calls", row.callsMax, ({ calls }) => calls],
    ];
    for (const [unit, max, amountOf] of bounds) {
      if (max === null) continue;
      const most = spent.toSorted((a, b) => amountOf(b) - amountOf(a))[0];
      add({ scope, window, unit, max, peak: most === undefined ? 0 : amountOf(most), peakIn: most?.period ?? "" });
    }
  }
  for (const [jobId, runs] of Map.groupBy(
    played.runs.filter((run) => run.jobId !== null),
    (run) => run.jobId!,
  ))
    addRunCaps(jobId, runs, names, add);
  return caps.toSorted((a, b) => b.refusals - a.refusals || b.peak / b.max - a.peak / a.max);
}

/** The caps of each single run of a job. */
function addRunCaps(
  jobId: string,
  runs: readonly PlayedRun[],
  names: RunNames,
  add: (cap: Omit<RehearsedCap, "refusals" | "first">) => void,
): void {
  const bounds: [Unit, "usdMax" | "tokensMax", (run: PlayedRun) => number][] = [
    ["usd", "usdMax", (run) => run.costUsd],
    ["tokens", "tokensMax", (run) => run.tokens],
  ];
  for (const [unit, field, amountOf] of bounds) {
    const most = runs.filter((run) => run.budget[field] !== undefined).toSorted((a, b) => amountOf(b) - amountOf(a))[0];
    const max = most?.budget[field];
    if (most === undefined || max === undefined) continue;
    add({ scope: `run:${jobId}`, window: "run", unit, max, peak: amountOf(most), peakIn: names.of(most.id) });
  }
}

function refusalsByCap({ refusals, runs }: Played): Map<string, PlayedRefusal[]> {
  const jobOf = new Map(runs.map((run) => [run.id, run.jobId]));
  return Map.groupBy(refusals, (refusal) => {
    const unit: Unit = refusal.usdMax !== null ? "usd" : refusal.tokensMax !== null ? "tokens" : "calls";
    const ofRun = /^run:([0-9a-f-]{36})\//.exec(refusal.scope)?.[1];
    return ofRun === undefined ? `${refusal.scope} ${unit}` : `run:${jobOf.get(ofRun) ?? ofRun}/run ${unit}`;
  });
}

function firstOf(
  refusal: PlayedRefusal | undefined,
  { unit, max }: { unit: Unit; max: number },
  names: RunNames,
): RehearsedCap["first"] {
  if (refusal === undefined) return null;
  const used = unit === "usd" ? refusal.costUsd : unit === "tokens" ? refusal.tokens : max;
  const asked = unit === "usd" ? refusal.usdAsked : unit === "tokens" ? refusal.tokensAsked : 1;
  return { at: refusal.at.toISOString(), run: names.of(refusal.runId), used: used ?? 0, asked };
}
