/** Jobs to begin with: what each does, and what a day of it may cost at most. None is on before it is chosen. */
import type { ExampleJobRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { FormEnd } from "../../parts/Form.tsx";
import { formatUsdShort } from "../../parts/format.ts";
import { useAct } from "../../parts/use-act.ts";
import type { StepProps } from "./step.ts";
import styles from "./WelcomeScreen.module.css";

export function JobsStep({ onDone, isAway }: StepProps) {
  const { client } = useConsole();
  const { value, error, reload } = useReading("example-jobs", () => client.listExampleJobs());
  const [wanted, setWanted] = useState<ReadonlySet<string>>(new Set());
  const { isBusy, refusal, act } = useAct(onDone);
  const items = value?.items ?? [];
  const chosen = items.filter(({ id, isOn }) => wanted.has(id) && !isOn);
  const usd = chosen.reduce((sum, { usdPerDayMax }) => sum + (usdPerDayMax ?? 0), 0);
  const toggle = (id: string) =>
    setWanted((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  // One that is there already stays as it is.
  const switchOn = () => Promise.all(chosen.map(({ path, text }) => client.writeFile({ path, text })));
  return (
    <>
      <p className={styles.says}>None of them is on. Each is a text file in jobs/ that you can change at any time.</p>
      {value === undefined && (
        <Unread label="Reading the jobs" rows={3} rowPx={72} what="The jobs" error={error} onRetry={reload} />
      )}
      <ul className={styles.jobs}>
        {items.map((job) => (
          <li key={job.id}>
            <JobChoice job={job} isWanted={wanted.has(job.id)} onToggle={() => toggle(job.id)} />
          </li>
        ))}
      </ul>
      <FormEnd refusal={refusal}>
        <Button look="main" isBusy={isBusy} disabled={isAway} onClick={() => act(switchOn)}>
          {chosen.length === 0 ? "Go on without" : `Switch ${chosen.length === 1 ? "it" : `${chosen.length}`} on`}
        </Button>
        {chosen.length > 0 && (
          <span className={styles.sum}>
            at most {formatUsdShort(usd)} {chosen.length === 1 ? "a day" : "on a day when all of them run"}
          </span>
        )}
      </FormEnd>
    </>
  );
}

function JobChoice({ job, isWanted, onToggle }: { job: ExampleJobRecord; isWanted: boolean; onToggle: () => void }) {
  const { title, what, usdPerDayMax, isOn } = job;
  return (
    <label className={styles.job}>
      <input type="checkbox" role="switch" checked={isOn || isWanted} disabled={isOn} onChange={onToggle} />
      <span>
        <b>{title}</b>
        <small>{what}</small>
      </span>
      <span className={`${styles.cost} num`}>
        {isOn ? "on" : usdPerDayMax === null ? "no cap" : `≤ ${formatUsdShort(usdPerDayMax)}`}
        {!isOn && <small>a day</small>}
      </span>
    </label>
  );
}
