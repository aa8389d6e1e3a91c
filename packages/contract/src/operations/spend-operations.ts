/** Spending: what was spent, and what jobs are likely to spend. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf, Time, TimeZone } from "../records/fields.ts";
import { BudgetChange, Spend, SpendCap, SpendForecast, spendGroupings } from "../records/spend.ts";

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

export const listBudgets = defineOperation({
  id: "listBudgets",
  method: "GET",
  path: "/budgets",
  summary: "Caps that the settings set, and what is spent of each, by scope",
  input: z.object({ ...pageFields }),
  output: pageOf(SpendCap),
  effect: "readonly",
});

export const changeBudget = defineOperation({
  id: "changeBudget",
  method: "PUT",
  path: "/budgets/{window}",
  summary: "Sets what everything together may cost in an hour, a day, a month or in all, and writes it into roost.yaml",
  description:
    "It counts at once: a call that would exceed it is not made. While roost.yaml is held or is no settings, the change is refused with what holds it.",
  input: BudgetChange,
  output: z.object({ budget: SpendCap.nullable().describe("Null: there is no cap in this window any more") }),
  errors: ["conflict"],
  effect: "idempotent",
  needs: "home",
  access: { scope: "settings:write", audience: ["owner"] },
});

export const spendOperations = [listSpend, listSpendForecasts, listBudgets, changeBudget] as const;
