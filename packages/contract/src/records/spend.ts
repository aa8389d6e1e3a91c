/** What model calls have cost, and what jobs are likely to cost. */
import { z } from "zod";
import { Count, Name, Slug, SmallCount, Usd, ref } from "./fields.ts";
import { tokenWindows } from "./token.ts";

export const spendGroupings = ["day", "job", "agent", "model", "session", "key"] as const;

export const Spend = z
  .object({
    key: Name.nullable().describe(
      "The day as YYYY-MM-DD, an id or a name; null: no job, agent, session or key, an untold model",
    ),
    callCount: Count,
    costUsd: Usd,
    inputTokens: Count,
    cachedTokens: Count.describe("The part of `inputTokens` from the provider's cache"),
    outputTokens: Count,
    savedUsd: Usd.describe("What the cache saved, where the price of cached tokens is known"),
    estimatedCount: Count.describe("Calls whose provider reported no tokens: an upper estimate stands for them"),
    unknownCount: Count.describe("Calls whose cost is not known; they are not in `costUsd`"),
  })
  .meta({ id: "Spend" });
export type SpendRecord = z.output<typeof Spend>;

const capFields = {
  usdMax: Usd.nullable(),
  tokensMax: Count.nullable(),
  callsMax: SmallCount.nullable(),
};

/** A cap as roost.yaml sets it. */
export const SpendCap = z
  .object({
    scope: Name.describe("`all`, `job:<id>` or `agent:<id>`"),
    window: z.enum(tokenWindows),
    ...capFields,
    spent: z
      .object({ costUsd: Usd, tokens: Count, calls: Count })
      .describe("In the present hour, day or month, or in all"),
  })
  .meta({ id: "SpendCap" });
export type SpendCapRecord = z.output<typeof SpendCap>;

/** What everything together may cost in a window; null: no cap of this kind. */
export const BudgetChange = z.object({ window: z.enum(tokenWindows), ...capFields });

export const SpendForecast = z
  .object({
    jobId: ref("Job", Slug),
    runsPerDay: z
      .number()
      .min(0)
      .describe("By its schedule over the next seven days; of other triggers by the last seven"),
    usdPerRun: Usd.describe("With its retries and the runs that it delegates"),
    tokensPerRun: Count,
    usdPerDay: Usd,
    isCostKnown: z.boolean().describe("False: of some calls the cost is not known, so that it is more than this"),
    tokensPerDay: Count,
    runCount: Count.describe("Past runs that this rests on, at most 20; retries are part of theirs"),
  })
  .meta({ id: "SpendForecast" });
export type SpendForecastRecord = z.output<typeof SpendForecast>;
