/** The next ten moments of a trigger as it is written, clock changes included, or why it cannot be so. */
import type { JobDefinition } from "@roost/contract/operations";
import { useDeferredValue, useMemo } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { createTimeFormats } from "../../parts/format.ts";
import styles from "./ComingMoments.module.css";

type Trigger = JobDefinition["trigger"];

/** Read anew when what is written changes. */
export function useComing(trigger: Trigger, activeHours: JobDefinition["activeHours"]) {
  const { client } = useConsole();
  const now = useNow();
  const asked = useDeferredValue(JSON.stringify(trigger));
  const { value, error, isReading } = useReading(`preview:${asked}`, () =>
    client.previewTicks({
      trigger: JSON.parse(asked) as Trigger,
      activeHours,
      from: new Date(now).toISOString(),
    }),
  );
  return { coming: value, refusal: isReading ? undefined : error?.message };
}

export function ComingMoments({ coming, refusal }: ReturnType<typeof useComing>) {
  const isNone = refusal === undefined && coming?.items.length === 0;
  return (
    <div className={styles.preview} aria-live="polite">
      <h4>{isNone ? "No moment can be foreseen" : "The next ten"}</h4>
      {refusal !== undefined && <p className={styles.refusal}>{refusal}</p>}
      {refusal === undefined && !isNone && <Moments items={coming?.items ?? []} timeZone={coming?.timeZone} />}
    </div>
  );
}

function Moments({
  items,
  timeZone,
}: {
  items: readonly { at: string; isActive: boolean }[];
  timeZone: string | undefined;
}) {
  const formats = useMemo(() => createTimeFormats(timeZone), [timeZone]);
  const offset = useMemo(() => new Intl.DateTimeFormat("en-GB", { timeZoneName: "shortOffset", timeZone }), [timeZone]);
  const offsetOf = (at: number) => offset.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return (
    <ol>
      {items.map(({ at, isActive }, index) => {
        const ms = Date.parse(at);
        const previous = items[index - 1];
        const isChanged = previous !== undefined && offsetOf(Date.parse(previous.at)) !== offsetOf(ms);
        return (
          <li key={at} data-off={!isActive || undefined}>
            <span className="num">
              {formats.weekday.format(ms)} {formats.dayMonth.format(ms)} {formats.clock.format(ms)}
            </span>
            {isChanged && <em>the clock has changed: {offsetOf(ms)}</em>}
            {!isActive && <small>outside of its hours</small>}
          </li>
        );
      })}
    </ol>
  );
}
