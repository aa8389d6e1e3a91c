/** The words after `npm run bench -- peers`. */
import { parseArgs } from "node:util";
import { peerVariants } from "./peer-variants.ts";

export const comparisons = ["claim", "stuck", "steps", "log", "cron", "recovery"] as const;
export type Comparison = (typeof comparisons)[number];

export interface CompareOptions {
  isQuick: boolean;
  /** Peers by name, see peer-peerVariants.ts. */
  only: readonly string[];
  comparisons: readonly Comparison[];
}

/** @throws Error that names what there is to choose from */
export function readCompareOptions(args: string[]): CompareOptions {
  const { values } = parseArgs({
    args,
    options: { quick: { type: "boolean" }, only: { type: "string" }, workload: { type: "string" } },
    strict: true,
    allowPositionals: false,
  });
  const peers = [...new Set(peerVariants.flatMap(({ peer, key }) => [peer, key]))];
  return {
    isQuick: values.quick ?? false,
    only: choose("peer", values.only, peers),
    comparisons: choose("workload", values.workload, comparisons),
  };
}

function choose<Name extends string>(what: string, written: string | undefined, known: readonly Name[]): Name[] {
  if (written === undefined) return [...known];
  return written.split(",").map((name) => {
    const found = known.find((one) => one === name.trim());
    if (found === undefined) throw new Error(`there is no ${what} "${name}": choose from ${known.join(", ")}`);
    return found;
  });
}
