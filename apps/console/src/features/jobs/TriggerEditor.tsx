/** Changes when a job is due, and shows the next ten moments of what is written, clock changes included, before it is saved. */
import type { JobDefinition, JobRecord } from "@roost/contract/operations";
import { useDeferredValue, useMemo, useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { createTimeFormats } from "../../parts/format.ts";
import { tellCron } from "../../parts/tell-cron.ts";
import { useAct } from "../../parts/use-act.ts";
import styles from "./TriggerEditor.module.css";

type Trigger = JobDefinition["trigger"];

export function TriggerEditor({ job, onDone, onSaved }: { job: JobRecord; onDone: () => void; onSaved: () => void }) {
  const { client } = useConsole();
  const now = useNow();
  const before = job.definition.trigger;
  const [kind, setKind] = useState<"cron" | "every">(before.kind === "every" ? "every" : "cron");
  const [expression, setExpression] = useState(before.kind === "cron" ? before.expression : "0 7 * * *");
  const [every, setEvery] = useState(before.kind === "every" ? String(before.every) : "30m");
  const zone = before.kind === "cron" && before.timeZone !== undefined ? { timeZone: before.timeZone } : {};
  const trigger: Trigger = kind === "cron" ? { kind, expression, ...zone } : { kind, every };
  const asked = useDeferredValue(JSON.stringify(trigger));
  const { activeHours } = job.definition;
  const preview = useReading(`preview:${asked}`, () =>
    client.previewTicks({
      trigger: JSON.parse(asked) as Trigger,
      ...(activeHours === undefined ? {} : { activeHours }),
      from: new Date(now).toISOString(),
    }),
  );
  const { isBusy, refusal, act } = useAct(() => {
    onSaved();
    onDone();
  });
  const save = () =>
    act(() => client.defineJob({ jobId: job.id, ...job.definition, trigger, expectedVersion: job.version }));
  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label>
        Due
        <select value={kind} onChange={(event) => setKind(event.target.value as "cron" | "every")}>
          <option value="cron">at times of the clock</option>
          <option value="every">again and again</option>
        </select>
      </label>
      {kind === "cron" ? (
        <label>
          Cron expression
          <input
            value={expression}
            spellCheck={false}
            className="mono"
            onChange={(event) => setExpression(event.target.value)}
          />
          <small>{tellCron(expression)}</small>
        </label>
      ) : (
        <label>
          Every
          <input value={every} spellCheck={false} className="mono" onChange={(event) => setEvery(event.target.value)} />
          <small>like 90s, 30m, 1h30m, 2d</small>
        </label>
      )}
      <div className={styles.preview} aria-live="polite">
        <h3>The next ten</h3>
        {preview.error !== undefined && !preview.isReading ? (
          <p className={styles.refusal}>{preview.error.message}</p>
        ) : (
          <Moments items={preview.value?.items ?? []} timeZone={preview.value?.timeZone} />
        )}
      </div>
      {refusal !== undefined && (
        <p className={styles.refusal} role="alert">
          {refusal}
        </p>
      )}
      <div className={styles.actions}>
        <Button type="submit" look="main" isBusy={isBusy} disabled={preview.error !== undefined}>
          Save
        </Button>
        <Button look="quiet" onClick={onDone}>
          Leave it
        </Button>
      </div>
    </form>
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
