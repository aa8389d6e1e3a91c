/** All of one step: what went in, what came out, what it took; for an outcome that is unknown, the person's word. */
import type { StepRecord } from "@roost/contract/operations";
import { useConsole } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { ContextBar } from "../../pieces/ContextBar.tsx";
import { composeContext } from "../../pieces/compose-context.ts";
import { formatCount, formatMs, formatUsd } from "../../parts/format.ts";
import { IconButton } from "../../parts/IconButton.tsx";
import { JsonView } from "../../parts/JsonView.tsx";
import { nameState, StateMark } from "../../parts/StateMark.tsx";
import { nameStep } from "../../parts/tell-step.ts";
import { useAct } from "../../parts/use-act.ts";
import { keyOf } from "./key-of.ts";
import { PrintedView } from "./PrintedView.tsx";
import type { PrintedStep } from "./use-printed.ts";
import styles from "./StepPanel.module.css";

export interface StepPanelProps {
  step: StepRecord;
  printed: PrintedStep | undefined;
  onClose: () => void;
  onChange: () => void;
}

export function StepPanel({ step, printed, onClose, onChange }: StepPanelProps) {
  const { kind, name, seq, effect, state, error, input, output } = step;
  return (
    <aside className={styles.panel} aria-label={`Step ${seq}`}>
      <header>
        <h2>{nameStep(name)}</h2>
        <IconButton icon="x" label="Close the step" onClick={onClose} />
      </header>
      <p className={styles.state} data-state={state}>
        <StateMark state={state === "intent" ? "running" : state} />{" "}
        <span>{nameState(state === "intent" ? "running" : state)}</span>
        <span>
          step {seq} · {effect}
        </span>
      </p>
      {error !== null && (
        <p className={`callout ${styles.error}`} data-tone="bad">
          {error.message}
        </p>
      )}
      {state === "unknown" && <Settle step={step} onChange={onChange} />}
      <Figures step={step} />
      {kind === "context" ? (
        <>
          <h3>What filled the prompt</h3>
          <ContextBar parts={composeContext([step])} />
        </>
      ) : (
        input !== null && (
          <>
            <h3>In</h3>
            <JsonView value={input} />
          </>
        )
      )}
      {output === null && printed?.key === keyOf(step) && (
        <>
          <h3>Printing now</h3>
          <PrintedView printed={printed} />
        </>
      )}
      {output !== null && (
        <details className={styles.out} open={kind !== "context"}>
          <summary>Out</summary>
          <JsonView value={output} />
        </details>
      )}
    </aside>
  );
}

function Figures({ step }: { step: StepRecord }) {
  const { usage, costUsd, startedAt, endedAt, attempt, idempotencyKey } = step;
  const tookMs = endedAt === null ? undefined : Date.parse(endedAt) - Date.parse(startedAt);
  const figures: [string, string | undefined][] = [
    ["Took", tookMs === undefined ? undefined : formatMs(tookMs)],
    ["Model", usage?.model],
    ["Provider", usage?.provider],
    ["Tokens in", countOf(usage?.inputTokens)],
    ["of them from the cache", countOf(usage?.cachedTokens)],
    ["Tokens out", countOf(usage?.outputTokens)],
    ["of them reasoning", countOf(usage?.reasoningTokens)],
    ["Cost", costUsd > 0 ? formatUsd(costUsd) : undefined],
    ["Attempt", attempt > 1 ? String(attempt) : undefined],
    [
      "Idempotency key",
      idempotencyKey.length > 44 ? `${idempotencyKey.slice(0, 12)}…${idempotencyKey.slice(-12)}` : idempotencyKey,
    ],
  ];
  return (
    <dl className={styles.figures}>
      {figures.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

function countOf(count: number | undefined): string | undefined {
  return count === undefined || count === 0 ? undefined : formatCount(count);
}

function Settle({ step: { runId, seq }, onChange }: { step: StepRecord; onChange: () => void }) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onChange);
  const settle = (outcome: "done" | "not_done") => act(() => client.resolveStep({ runId, seq, outcome }));
  return (
    <div className={styles.settle}>
      <Button look="main" isBusy={isBusy} onClick={() => settle("done")}>
        It happened
      </Button>
      <Button isBusy={isBusy} onClick={() => settle("not_done")}>
        It did not
      </Button>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </div>
  );
}
