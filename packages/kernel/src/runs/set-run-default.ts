/** What runs of an agent start with: the version that they name, their needs, and the budget of those without their own. Undefined: the agent is not defined. */
import type { JsonValue } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";

export async function setRunDefault(
  tx: KernelTransaction,
  agent: string,
  given: { version: number; budget: JsonValue | undefined; needs: readonly string[] | undefined } | undefined,
): Promise<void> {
  if (given === undefined) return void (await tx.query(`delete from roost.run_default where agent = $1`, [agent]));
  await tx.query(
    `insert into roost.run_default (agent, version, budget, needs) values ($1, $2, $3, $4)
     on conflict (agent) do update set version = excluded.version, budget = excluded.budget, needs = excluded.needs`,
    [agent, given.version, given.budget === undefined ? null : JSON.stringify(given.budget), given.needs ?? null],
  );
}
