import type { RunRecord } from "@roost/contract/operations";
import { ownCapOf, type OwnCap } from "@roost/contract/own-cap-of";

const options: Record<OwnCap, string> = {
  usdMax: " --budget-usd 1",
  tokensMax: " --budget-tokens 100000",
  callsMax: " --budget-calls 20",
};

/** A run that went round in circles would do so again. */
const goesOn = /the cap of |this run may make /;

/** How a run that a limit has stopped goes on; undefined for others. */
export function tellMore({ id, error }: Pick<RunRecord, "id" | "error">): string | undefined {
  if (error?.code !== "limit_exceeded" || !goesOn.test(error.message)) return undefined;
  const cap = ownCapOf({ id, error });
  const first = cap === undefined && error.message.includes("the cap of ") ? "Once that cap allows it, it" : "It";
  return `${first} goes on from its last finished step: roost run retry ${id}${cap === undefined ? "" : options[cap]}`;
}
