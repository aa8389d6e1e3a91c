/** Spending: what was spent, and what jobs are likely to spend. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf, Time, TimeZone } from "../records/fields.ts";
import { Spend, SpendForecast, spendGroupings } from "../records/spend.ts";

const daysMax = 366;

export const listSpend = defineOperation({
  id: "listSpend",
  method: "GET",
  path: "/spend",
  summary: "What model calls have cost: by day, job, agent, model, session or key",
  input: z.object({
    by: z.enum(spendGroupings).default("day"),
    days: z.coerce.number().int().min(1).max(daysMax).default(30).describe("Today and so many days before, less one"),
    ...pageFields,
  }),
  output: pageOf(Spend)
    .extend({ since: Time, timeZone: TimeZone, total: Spend.describe("Of all calls, also of those on other pages") })
    .meta({ id: "SpendPage", description: "Days newest first, everything else by cost" }),
  effect: "readonly",
});

export const listSpendForecasts = defineOperation({
  id: "listSpendForecasts",
  method: "GET",
  path: "/spend/forecast",
  summary: "What active jobs are likely to cost a day, from their own history; by id",
  input: z.object({ ...pageFields }),
  output: pageOf(SpendForecast),
  effect: "readonly",
});

export const spendOperations = [listSpend, listSpendForecasts] as const;
