/** `roost spend`: what model calls have cost, and what jobs are likely to cost. */
import { spendGroupings, type SpendForecastRecord, type SpendRecord } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionLimit } from "../parse-option.ts";
import { formatCount, formatUsd } from "../print/format-spend.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

type Grouping = (typeof spendGroupings)[number];

const forecastsMax = 1_000;

export function addSpendCommand(program: Command, context: CliContext): void {
  program
    .command("spend")
    .summary("what was spent on models, and on what")
    .description("Shows what model calls have cost: by day, or by job, agent, model, session or key.")
    .addOption(new Option("--by <what>", "how to group it").choices(spendGroupings).default("day"))
    .option("-d, --days <count>", "today and the days before", parseOptionLimit, 30)
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 100)
    .option("--forecast", "instead: what each active job is likely to cost a day, from its own history")
    .action(async ({ by, days, last, forecast }: { by: Grouping; days: number; last: number; forecast?: boolean }) => {
      if (forecast === true) return showForecasts(context);
      const { terminal } = context;
      const { client } = await context.connect();
      const spend = await client.listSpend({ by, days, limit: last });
      if (terminal.isJson) return terminal.json(spend);
      const { items, total, next } = spend;
      terminal.table(items, columnsOf(by), `Nothing was spent in ${days === 1 ? "this day" : `these ${days} days`}`);
      if (items.length === 0) return;
      if (next !== null) terminal.note(`There is more: -n ${last * 2}`, "dim");
      terminal.line(terminal.paint(totalOf(total), "dim"));
    });
}

function columnsOf(by: Grouping): Column<SpendRecord>[] {
  return [
    { title: by.toUpperCase(), value: ({ key }) => key ?? `no ${by}`, widthMin: 10 },
    { title: "COST", value: costOf, alignRight: true },
    {
      title: "CALLS",
      value: ({ callCount }) => formatCount(callCount),
      alignRight: true,
      importance: 2,
      label: "calls",
    },
    {
      title: "READ",
      value: (spend) => tokensText(spend, spend.inputTokens),
      alignRight: true,
      importance: 3,
      label: "read",
    },
    { title: "CACHED", value: cachedOf, alignRight: true, importance: 4, label: "cached" },
    {
      title: "WRITTEN",
      value: (spend) => tokensText(spend, spend.outputTokens),
      alignRight: true,
      importance: 5,
      label: "written",
    },
  ];
}

/** "?" where the provider tells no price and none is configured. */
function costOf({ costUsd, unknownCount, callCount }: SpendRecord): string {
  if (unknownCount === callCount) return "?";
  return unknownCount > 0 ? `${formatUsd(costUsd)} + ?` : formatUsd(costUsd);
}

/** "~" where a provider reported none and Roost's upper estimate stands for them. */
function tokensText({ estimatedCount }: SpendRecord, tokens: number): string {
  return `${estimatedCount > 0 ? "~" : ""}${formatCount(tokens)}`;
}

function cachedOf({ inputTokens, cachedTokens }: SpendRecord): string {
  return inputTokens === 0 ? "" : `${Math.round((100 * cachedTokens) / inputTokens)} %`;
}

function totalOf(total: SpendRecord): string {
  const saved = total.savedUsd > 0 ? `, and the provider's cache saved ${formatUsd(total.savedUsd)}` : "";
  const unknown = total.unknownCount > 0 ? `; the cost of ${formatCount(total.unknownCount)} calls is not known` : "";
  const { estimatedCount } = total;
  const estimated = estimatedCount > 0 ? `; the tokens of ${formatCount(estimatedCount)} calls are estimated` : "";
  const tokens = tokensText(total, total.inputTokens + total.outputTokens);
  return `${costOf(total)} in all for ${tokens} tokens${saved}${unknown}${estimated}`;
}

async function showForecasts(context: CliContext): Promise<void> {
  const { terminal } = context;
  const { client } = await context.connect();
  const forecasts = await readPages((page) => client.listSpendForecasts(page), forecastsMax);
  if (terminal.isJson) return terminal.json({ forecasts });
  const sorted = forecasts.toSorted((left, right) => right.usdPerDay - left.usdPerDay);
  terminal.table(sorted, forecastColumns, "No active job has run yet");
  if (sorted.length === 0) return;
  const usd = sorted.reduce((sum, { usdPerDay }) => sum + usdPerDay, 0);
  const tokens = sorted.reduce((sum, { tokensPerDay }) => sum + tokensPerDay, 0);
  const more = sorted.every(({ isCostKnown }) => isCostKnown) ? "" : " + ?";
  terminal.line(terminal.paint(`About ${formatUsd(usd)}${more} and ${formatCount(tokens)} tokens a day`, "dim"));
}

/** "?" where no call of it has a known cost. */
function usdOf({ isCostKnown }: SpendForecastRecord, usd: number): string {
  if (isCostKnown) return formatUsd(usd);
  return usd === 0 ? "?" : `${formatUsd(usd)} + ?`;
}

const forecastColumns: Column<SpendForecastRecord>[] = [
  { title: "JOB", value: ({ jobId }) => jobId, widthMin: 10 },
  { title: "A DAY", value: (forecast) => `about ${usdOf(forecast, forecast.usdPerDay)}`, alignRight: true },
  {
    title: "RUNS A DAY",
    value: ({ runsPerDay }) => runsPerDay.toFixed(runsPerDay < 10 ? 1 : 0),
    alignRight: true,
    importance: 2,
    label: "runs a day",
  },
  {
    title: "A RUN",
    value: (forecast) => usdOf(forecast, forecast.usdPerRun),
    alignRight: true,
    importance: 3,
    label: "a run",
  },
  {
    title: "TOKENS A DAY",
    value: ({ tokensPerDay }) => formatCount(tokensPerDay),
    alignRight: true,
    importance: 4,
    label: "tokens a day",
  },
];
