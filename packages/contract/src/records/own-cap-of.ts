import type { RunRecord } from "./run.ts";

export type OwnCap = keyof NonNullable<RunRecord["budget"]>;

/** As a refusal tells an amount: `$0.5000`, `30000 tokens`. */
const told = /the cap of (?:(\$)[\d.]+|\d+ (tokens|calls)) for run:(\S+) refuses/;
const caps: Record<string, OwnCap> = { $: "usdMax", tokens: "tokensMax", calls: "callsMax" };

/** Which cap of its own budget stopped a run; undefined: none of them. Those above it, whose caps bind it too, are told by their own ids. */
export function ownCapOf({ id, error }: Pick<RunRecord, "id" | "error">): OwnCap | undefined {
  if (error?.code !== "limit_exceeded") return undefined;
  const [, usd, counted, runId] = told.exec(error.message) ?? [];
  return runId === id ? caps[usd ?? counted ?? ""] : undefined;
}
