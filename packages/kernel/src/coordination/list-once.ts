import type { Kernel } from "../open-kernel.ts";
import { coordinationLimits } from "./coordination-limits.ts";

export interface OnceListRow {
  scope: string;
  key: string;
  /** An attempt past its deadline counts as unknown, whether a sweep has recorded it or not. */
  state: "in_progress" | "done" | "unknown";
  holder: string | null;
  purpose: string | null;
  runId: string | null;
  attempt: number;
  beganAt: Date;
  endedAt: Date | null;
  /** When an effect in progress becomes unknown. */
  expiresAt: Date;
}

export interface ListOnceOptions {
  limit: number;
  /** The last of the page before. */
  after?: { scope: string; key: string } | undefined;
  scope?: string | undefined;
  state?: OnceListRow["state"] | undefined;
}

/** Keys by scope and name, without their results; those that are free again are left out. Reads only. */
export async function listOnce(
  kernel: Kernel,
  { limit, after, scope, state }: ListOnceOptions,
): Promise<{ items: OnceListRow[]; isMore: boolean }> {
  const most = Math.min(limit, coordinationLimits.listMax);
  const rows = await kernel.database.query<OnceListRow>(
    `with listed as (
       select scope, key, holder, purpose, run_id as "runId", attempt, begun_at as "beganAt", ended_at as "endedAt", expires_at as "expiresAt",
         case when state <> 'begun' then state when expires_at > roost.now() then 'in_progress' else 'unknown' end as state
       from roost.once where state <> 'free' and ($1::text is null or (scope, key) > ($1, $2)) and ($3::text is null or scope = $3)
     )
     select * from listed where $4::text is null or state = $4 order by scope, key limit $5`,
    [after?.scope ?? null, after?.key ?? null, scope ?? null, state ?? null, most + 1],
  );
  return { items: rows.slice(0, most), isMore: rows.length > most };
}
