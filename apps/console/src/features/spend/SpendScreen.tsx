/** What was spent: by day against the cap, by job, model and agent, and what jobs are likely to cost. */
import type { SpendRecord } from "@roost/contract/operations";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { formatCount, formatUsd, formatUsdShort } from "../../parts/format.ts";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { Region } from "../../parts/Region.tsx";
import { DayBars } from "./DayBars.tsx";
import { ShareTable } from "./ShareTable.tsx";
import styles from "./SpendScreen.module.css";

const days = 30;

export function SpendScreen() {
  const { client } = useConsole();
  const cap = useFeed("status")?.spend.usdMax ?? null;
  const { value, error, reload } = useReading(
    "spend",
    async () => {
      const [day, job, model, agent, forecasts] = await Promise.all([
        client.listSpend({ by: "day", days }),
        client.listSpend({ by: "job", days }),
        client.listSpend({ by: "model", days }),
        client.listSpend({ by: "agent", days }),
        client.listSpendForecasts({ limit: 100 }),
      ]);
      return { day, job, model, agent, forecasts: forecasts.items };
    },
    { isMoved: ({ type }) => type === "run.done" || type === "run.failed" },
  );
  if (value === undefined)
    return (
      <>
        <ScreenHeader title="Spend" />
        <Unread label="Reading what was spent" rows={10} what="What was spent" error={error} onRetry={reload} />
      </>
    );
  const { total } = value.day;
  const perDay = value.forecasts.reduce((sum, { usdPerDay }) => sum + usdPerDay, 0);
  const isKnown = value.forecasts.every(({ isCostKnown }) => isCostKnown);
  const tables: [string, readonly SpendRecord[], string][] = [
    ["By job", value.job.items, "conversations"],
    ["By model", value.model.items, "not told"],
    ["By agent", value.agent.items, "none"],
  ];
  return (
    <>
      <ScreenHeader title="Spend" sub={`the last ${days} days`} />
      <Region label="Spend" className={styles.page}>
        <dl className={styles.sums}>
          <Sum name="Spent" value={formatUsd(total.costUsd)} />
          <Sum name="Calls" value={formatCount(total.callCount)} />
          <Sum name="Tokens" value={formatCount(total.inputTokens + total.outputTokens)} />
          <Sum name="Saved by the cache" value={formatUsd(total.savedUsd)} />
          <Sum name="Jobs are likely to cost" value={`${formatUsdShort(perDay)}${isKnown ? "" : " + ?"} a day`} />
          {total.estimatedCount > 0 && (
            <Sum name="Of estimated tokens" value={`${formatCount(total.estimatedCount)} calls`} />
          )}
          {total.unknownCount > 0 && <Sum name="Of unknown cost" value={`${formatCount(total.unknownCount)} calls`} />}
        </dl>
        <DayBars items={value.day.items} days={days} cap={cap} />
        <div className={styles.tables}>
          {tables.map(([title, items, none]) => (
            <ShareTable key={title} title={title} items={items} none={none} whole={total.costUsd} />
          ))}
        </div>
      </Region>
    </>
  );
}

function Sum({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
