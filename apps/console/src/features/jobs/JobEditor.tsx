/** Changes a whole job: when it is due, with the next ten moments of what is written across clock changes, what it does, its limits, and all other keys as JSON. */
import type { JobDefinition, JobRecord } from "@roost/contract/operations";
import { useMemo, useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { AreaField, ChoiceField, Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { tellCron } from "../../parts/tell-cron.ts";
import { useAct } from "../../parts/use-act.ts";
import { ComingMoments, useComing } from "./ComingMoments.tsx";
import { TriedJob } from "./RehearsalView.tsx";
import { toDefinition, toDraft, toTrigger, type JobDraft } from "./job-draft.ts";
import styles from "./JobEditor.module.css";

const kinds = [
  { id: "cron", name: "At times of the clock" },
  { id: "every", name: "Again and again" },
  { id: "at", name: "Once" },
  { id: "event", name: "When an event happens" },
  { id: "manual", name: "When it is asked for" },
];
const sessions = [
  { id: "cron", name: "By itself, without your notes" },
  { id: "main", name: "With your conversation and notes" },
  { id: "heartbeat", name: "A heartbeat" },
];
const overlaps = [
  { id: "skip", name: "skips the moment" },
  { id: "queue-one", name: "waits, one at most" },
  { id: "queue-all", name: "waits" },
  { id: "cancel-old", name: "ends the one that runs" },
  { id: "allow", name: "runs beside it" },
];

export function JobEditor({ job, onDone, onSaved }: { job: JobRecord; onDone: () => void; onSaved: () => void }) {
  const { client } = useConsole();
  const [draft, setDraft] = useState(() => toDraft(job.definition));
  const set = (name: keyof JobDraft) => (text: string) => setDraft((before) => ({ ...before, [name]: text }));
  const agents = useReading("agents", () => client.listAgents({ limit: 200 }));
  const names = new Set([draft.agent, "main", ...(agents.value?.items ?? []).map(({ id }) => id)]);
  const coming = useComing(toTrigger(draft, job.definition.trigger), job.definition.activeHours);
  const { definition, wrong } = useMemo(() => readDraft(draft, job), [draft, job]);
  const { isBusy, refusal, act } = useAct(() => {
    onSaved();
    onDone();
  });
  const save = (written: JobDefinition) =>
    client.defineJob({ jobId: job.id, ...written, expectedVersion: job.version });
  return (
    <Form className={styles.editor} onSend={() => definition && act(() => save(definition))}>
      <h3>When</h3>
      <ChoiceField label="Due" value={draft.kind} items={kinds} onChoose={set("kind")} />
      <WhenField draft={draft} set={set} />
      <ComingMoments {...coming} />
      <h3>What</h3>
      <TextField label="Title" value={draft.title} placeholder={job.id} onText={set("title")} />
      <ChoiceField
        label="Agent"
        value={draft.agent}
        items={[...names].map((name) => ({ id: name, name }))}
        onChoose={set("agent")}
      />
      <ChoiceField label="Runs as" value={draft.session} items={sessions} onChoose={set("session")} />
      <AreaField label="Prompt" value={draft.prompt} rows={6} onText={set("prompt")} />
      <h3>Limits</h3>
      <TextField
        label="Dollars a run"
        value={draft.usdMax}
        inputMode="decimal"
        placeholder="no cap"
        onText={set("usdMax")}
      />
      <TextField
        label="Tokens a run"
        value={draft.tokensMax}
        inputMode="numeric"
        placeholder="no cap"
        onText={set("tokensMax")}
      />
      <TextField label="Time limit" value={draft.timeout} hint="like 90s, 30m, 2h" onText={set("timeout")} />
      <ChoiceField label="While one still runs, it" value={draft.overlap} items={overlaps} onChoose={set("overlap")} />
      <details className={styles.rest}>
        <summary>Everything else</summary>
        <AreaField
          label="Further keys of the job, as JSON"
          value={draft.rest}
          rows={8}
          className="mono"
          spellCheck={false}
          onText={set("rest")}
        />
      </details>
      <h3>Rehearse it</h3>
      <TriedJob job={definition && coming.refusal === undefined ? { id: job.id, ...definition } : undefined} />
      <FormEnd refusal={refusal ?? wrong}>
        <Button
          type="submit"
          look="main"
          isBusy={isBusy}
          disabled={definition === undefined || coming.refusal !== undefined}
        >
          Save
        </Button>
        <Button look="quiet" onClick={onDone}>
          Leave it
        </Button>
      </FormEnd>
    </Form>
  );
}

/** The definition, or why it cannot be so. */
function readDraft(draft: JobDraft, job: JobRecord): { definition?: JobDefinition; wrong?: string } {
  try {
    return { definition: toDefinition(draft, job.definition) };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

interface WhenFieldProps {
  draft: JobDraft;
  set: (name: keyof JobDraft) => (text: string) => void;
}

function WhenField({ draft, set }: WhenFieldProps) {
  switch (draft.kind) {
    case "cron":
      return (
        <TextField
          label="Cron expression"
          value={draft.expression}
          className="mono"
          hint={tellCron(draft.expression)}
          onText={set("expression")}
        />
      );
    case "every":
      return (
        <TextField
          label="Every"
          value={draft.every}
          className="mono"
          hint="like 90s, 30m, 1h30m, 2d"
          onText={set("every")}
        />
      );
    case "at":
      return (
        <TextField
          label="At"
          value={draft.at}
          className="mono"
          hint="like 2030-01-31T07:00:00+01:00"
          onText={set("at")}
        />
      );
    case "event":
      return <TextField label="Type of the event" value={draft.eventType} className="mono" onText={set("eventType")} />;
    case "manual":
      return null;
  }
}
