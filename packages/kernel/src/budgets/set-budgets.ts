/** Caps and spending: set, read, sweep. Reservations: reserve-spend.ts. */
import { RoostError } from "@roost/base";
import { usdMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import type { BudgetCap, Spend } from "./budget.ts";

export interface BudgetSettings {
  /** The complete set of all scopes but keys: other caps are removed. */
  caps: BudgetCap[];
  /** Where hours, days and months begin. Default: unchanged, initially UTC. */
  timeZone?: string;
}

const capsMax = 1_000;

/** Replaces all caps but those of keys. Repeating it changes nothing. @throws RoostError `invalid_input` */
export async function setBudgets(kernel: Kernel, { caps, timeZone }: BudgetSettings): Promise<void> {
  if (caps.length > capsMax)
    throw new RoostError("limit_exceeded", `${caps.length} caps (limit ${capsMax}): drop some`);
  for (const cap of caps) checkCap(cap);
  await kernel.transact(async (tx) => {
    if (timeZone !== undefined) {
      await refuseUnknownZone(tx.query.bind(tx), timeZone);
      await tx.query("update roost.budget_setting set time_zone = $1 where time_zone <> $1", [timeZone]);
    }
    await replaceCaps(tx, caps, "c.scope not like 'key:%'");
  });
}

/** Replaces the caps of one key, which the settings do not name. @throws RoostError `invalid_input` */
export async function setKeyCaps(
  tx: Sql,
  { key, caps }: { key: string; caps: readonly Omit<BudgetCap, "scope">[] },
): Promise<void> {
  const scoped = caps.map((cap): BudgetCap => ({ ...cap, scope: `key:${key}` }));
  for (const cap of scoped) checkCap(cap);
  await replaceCaps(tx, scoped, "c.scope = 'key:' || $3", [key]);
}

async function replaceCaps(tx: Sql, caps: readonly BudgetCap[], among: string, values: string[] = []): Promise<void> {
  await tx.query(
    `delete from roost.budget_cap c where ${among} and not exists (select 1 from unnest($1::text[], $2::text[]) as k(s, w) where k.s = c.scope and k.w = c.time_window)`,
    [caps.map((cap) => cap.scope), caps.map((cap) => cap.window), ...values],
  );
  await tx.query(
    `insert into roost.budget_cap (scope, time_window, usd_max, tokens_max, calls_max)
       select * from unnest($1::text[], $2::text[], $3::numeric[], $4::bigint[], $5::bigint[]) order by 1, 2
       on conflict (scope, time_window) do update
         set usd_max = excluded.usd_max, tokens_max = excluded.tokens_max, calls_max = excluded.calls_max`,
    [
      caps.map((cap) => cap.scope),
      caps.map((cap) => cap.window),
      caps.map((cap) => cap.usdMax ?? null),
      caps.map((cap) => cap.tokensMax ?? null),
      caps.map((cap) => cap.callsMax ?? null),
    ],
  );
}

function checkCap(cap: BudgetCap): void {
  if (!/^(all|job:.{1,190}|agent:.{1,190}|key:.{1,190})$/.test(cap.scope)) {
    throw new RoostError(
      "invalid_input",
      `a cap cannot have the scope "${cap.scope}": write all, job:<id>, agent:<id> or key:<id>`,
    );
  }
  if (!["hour", "day", "month", "total"].includes(cap.window)) {
    throw new RoostError(
      "invalid_input",
      `a cap cannot have the window "${cap.window}": write hour, day, month or total`,
    );
  }
  const bounds = Object.entries({ usdMax: cap.usdMax, tokensMax: cap.tokensMax, callsMax: cap.callsMax }).filter(
    ([, value]) => value !== undefined,
  );
  if (bounds.length === 0)
    throw new RoostError(
      "invalid_input",
      `the cap of ${cap.scope} per ${cap.window} caps nothing: give usdMax, tokensMax or callsMax`,
    );
  for (const [field, value] of bounds) {
    const isFit = field === "usdMax" ? value! >= 0 && value! <= usdMax : Number.isSafeInteger(value) && value! >= 0;
    if (!isFit)
      throw new RoostError("invalid_input", `the ${field} of ${cap.scope} is ${value}: give a number from 0 on`);
  }
}

async function refuseUnknownZone(query: Kernel["database"]["query"], timeZone: string): Promise<void> {
  const rows = await query("select 1 from pg_timezone_names where name = $1", [timeZone]);
  if (rows.length === 0)
    throw new RoostError(
      "invalid_input",
      `PostgreSQL knows no time zone "${timeZone}": use a name like Europe/Berlin or UTC`,
    );
}

export async function readBudgets(kernel: Kernel): Promise<Required<Pick<BudgetSettings, "caps" | "timeZone">>> {
  const rows = await kernel.database.query<{
    scope: string;
    window: BudgetCap["window"];
    usdMax: number | null;
    tokensMax: number | null;
    callsMax: number | null;
  }>(
    `select scope, time_window as "window", usd_max::float8 as "usdMax", tokens_max as "tokensMax", calls_max as "callsMax"
     from roost.budget_cap order by scope, time_window`,
  );
  const [setting] = await kernel.database.query<{ timeZone: string }>(
    'select time_zone as "timeZone" from roost.budget_setting',
  );
  const caps = rows.map(({ scope, window, ...bounds }): BudgetCap => ({
    scope,
    window,
    ...Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== null)),
  }));
  return { caps, timeZone: setting?.timeZone ?? "UTC" };
}

export interface SpendQuery {
  scopes?: string[];
  windows?: Spend["window"][];
  /** Only current periods. Default true. */
  isCurrent?: boolean;
  limit?: number;
}

const spendRowsMax = 1_000;

/** Spent and reserved amounts, newest periods first. */
export async function readSpend(kernel: Kernel, query: SpendQuery = {}): Promise<Spend[]> {
  return kernel.database.query<Spend>(
    `select s.scope, s.time_window as "window", s.period, s.cost_usd::float8 as "costUsd", s.usd_reserved::float8 as "usdReserved",
       s.tokens as "tokens", s.tokens_reserved as "tokensReserved", s.call_count as calls
     from roost.spend s
     where ($1::text[] is null or s.scope = any($1)) and ($2::text[] is null or s.time_window = any($2))
       and (not $3 or s.period = (select roost.spend_period_1(s.time_window)))
     order by s.scope, s.time_window, s.period desc limit $4`,
    [query.scopes ?? null, query.windows ?? null, query.isCurrent ?? true, Math.min(query.limit ?? 200, spendRowsMax)],
  );
}

/** Deletes hours and days that are no longer needed. */
export async function sweepSpend(kernel: Kernel, options: { keepDays?: number } = {}): Promise<void> {
  await kernel.database.query(
    `delete from roost.spend where time_window in ('hour', 'day') and touched_at < roost.now() - $1 * interval '1 day' and usd_reserved = 0 and tokens_reserved = 0`,
    [options.keepDays ?? 400],
  );
}
