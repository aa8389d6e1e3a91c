/** Whether the agent, its job and today's Roost would do the same again: the verdict, and where the two first differ. */
import type { ReplayReport } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { Blank, Failure, Skeleton } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { nameStep } from "../../parts/tell-step.ts";
import { Region } from "../../parts/Region.tsx";
import styles from "./ReplayView.module.css";

export function ReplayView({ runId, isOver }: { runId: string; isOver: boolean }) {
  const { client } = useConsole();
  const [report, setReport] = useState<ReplayReport>();
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  const replay = () => {
    setBusy(true);
    setError(undefined);
    client
      .replayRun({ runId })
      .then(setReport, setError)
      .finally(() => setBusy(false));
  };
  if (error !== undefined) return <Failure what="The replay" error={error} onRetry={replay} />;
  if (isBusy) return <Skeleton label="Replaying the run against its records" rows={6} />;
  if (report === undefined)
    return (
      <div className={styles.view}>
        <Blank icon="git-compare" title="Would it do the same today?">
          The run is executed against its own records: no model and no tool is called, and nothing changes.
          <p>
            <Button look="main" icon="play" onClick={replay}>
              {isOver ? "Replay it" : "Replay what there is"}
            </Button>
          </p>
        </Blank>
      </div>
    );
  const [first] = report.differences;
  return (
    <Region label="Replay" className={styles.view}>
      <p className={styles.verdict} data-verdict={report.verdict}>
        {report.verdict === "same"
          ? "It would do the same."
          : `It would do otherwise: ${report.differenceCount} differences.`}
        <span>
          {report.answeredCount} of {report.stepCount} steps were answered from the record
        </span>
      </p>
      {first !== undefined && (
        <section>
          <h2>
            First difference: {first.seq === null ? "the end" : `step ${first.seq}`}, {nameStep(first.name)},{" "}
            {first.kind}
          </h2>
          <p className={styles.part}>{first.part}</p>
          <div className={styles.sides}>
            <Side name="Recorded" text={first.recorded?.text} />
            <Side name="Today" text={first.replayed?.text} />
          </div>
        </section>
      )}
      {report.notCompared.length > 0 && (
        <details className={styles.rest}>
          <summary>{report.notComparedCount} things were taken from the record</summary>
          <ul>
            {report.notCompared.map(({ seq, what, why }, index) => (
              <li key={index}>
                {seq === null ? "" : `Step ${seq}: `}
                {what}: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
      <Button icon="rotate-ccw" onClick={replay}>
        Replay again
      </Button>
    </Region>
  );
}

function Side({ name, text }: { name: string; text: string | undefined }) {
  return (
    <figure>
      <figcaption>{name}</figcaption>
      <pre className="verbatim" tabIndex={0}>
        {text ?? "nothing"}
      </pre>
    </figure>
  );
}
