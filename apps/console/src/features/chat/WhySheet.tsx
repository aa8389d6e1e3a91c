/** Why an agent said what it said: what it was shown, what it looked up, what it cost, and what caused the run. */
import type { CausalNodeRecord, StepRecord } from "@roost/contract/operations";
import { Link } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Failure, Skeleton } from "../../parts/Blank.tsx";
import { ContextBar } from "../../pieces/ContextBar.tsx";
import { composeContext } from "../../pieces/compose-context.ts";
import { formatCount, formatUsd } from "../../parts/format.ts";
import { nameStep } from "../../parts/tell-step.ts";
import { Sheet } from "../../parts/Sheet.tsx";
import styles from "./WhySheet.module.css";

export function WhySheet({ runId, onClose }: { runId: string; onClose: () => void }) {
  const { client } = useConsole();
  const { value, error, reload } = useReading(`why:${runId}`, async () => {
    const [{ run, steps }, { why, causes }] = await Promise.all([
      client.getRun({ runId }),
      client.explainRun({ runId }),
    ]);
    return { run, steps: steps.items, why, causes };
  });
  return (
    <Sheet title="Why did you say that?" onClose={onClose}>
      {error !== undefined && <Failure what="The reason" error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Skeleton label="Reading" rows={6} />}
      {value !== undefined && (
        <div className={styles.why}>
          <section>
            <h3>Because of</h3>
            <Causes causes={value.causes} why={value.why} />
          </section>
          <section>
            <h3>It was shown</h3>
            <ContextBar parts={composeContext(value.steps)} />
          </section>
          <LookedUp steps={value.steps} />
          <section>
            <h3>It took</h3>
            <p>
              {formatUsd(value.run.costUsd)} · {formatCount(value.run.tokens)} tokens · {modelsOf(value.steps)}
            </p>
            <Link href={`/runs/${runId}`} className={styles.run} onClick={onClose}>
              See every step
            </Link>
          </section>
        </div>
      )}
    </Sheet>
  );
}

function Causes({ causes, why }: { causes: readonly CausalNodeRecord[]; why: string }) {
  const first = causes.filter(({ type }) => type !== "run.created");
  if (first.length === 0) return <p>{why}</p>;
  return (
    <ol className={styles.causes}>
      {first.map(({ eventId, text }) => (
        <li key={eventId}>{text.replace(/^\S+ /, "")}</li>
      ))}
    </ol>
  );
}

function LookedUp({ steps }: { steps: readonly StepRecord[] }) {
  const used = steps.filter(({ kind }) => kind === "tool");
  if (used.length === 0) return null;
  return (
    <section>
      <h3>It looked up or did</h3>
      <ul className={styles.used}>
        {used.map(({ seq, name, input, state, output }) => (
          <li key={seq} data-state={state}>
            <b className="mono">{nameStep(name)}</b>{" "}
            <span>{input === null ? "" : JSON.stringify(input).slice(0, 140)}</span>
            {isUntrusted(output) && <em>from {sourcesOf(output)}: not to be trusted</em>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function isUntrusted(output: unknown): boolean {
  return typeof output === "object" && output !== null && (output as { isUntrusted?: unknown }).isUntrusted === true;
}

/** As its labels name them: `web page.example, mail work`. */
function sourcesOf(output: unknown): string {
  const { labels } = output as { labels?: unknown };
  const sources = (Array.isArray(labels) ? labels : [])
    .map((label) => /^src:([^:]+):(.+)$/.exec(String(label)))
    .filter((match) => match !== null);
  return sources.length === 0 ? "outside" : sources.map(([, kind, name]) => `${kind} ${name}`).join(", ");
}

function modelsOf(steps: readonly StepRecord[]): string {
  const names = new Set(steps.map(({ usage }) => usage?.model).filter((name) => name !== undefined));
  return names.size === 0 ? "no model" : [...names].join(", ");
}
