/** A run's steps over time, its children inside; long waits are folded to a stripe that says how long. */
import type { StepRecord } from "@roost/contract/operations";
import { useMemo, type KeyboardEvent } from "react";
import { useNow } from "../../live/console-context.ts";
import { Blank } from "../../parts/Blank.tsx";
import { formatMs } from "../../parts/format.ts";
import { Icon } from "../../parts/Icon.tsx";
import type { IconName } from "../../parts/icon-paths.ts";
import { kindOf } from "../../parts/StepStrip.tsx";
import { nameStep } from "../../parts/tell-step.ts";
import { Region } from "../../parts/Region.tsx";
import { createTimeScale, type TimeScale } from "./create-time-scale.ts";
import { keyOf } from "./key-of.ts";
import { PrintedView } from "./PrintedView.tsx";
import type { PrintedStep } from "./use-printed.ts";
import type { RunReading } from "./use-run-reading.ts";
import styles from "./Waterfall.module.css";

export interface WaterfallProps {
  value: RunReading;
  chosen: string | undefined;
  printed: PrintedStep | undefined;
  onChoose: (key: string) => void;
}

interface Line {
  key: string;
  name: string;
  kind: string;
  state: string;
  from: number;
  to: number;
  depth: number;
  attempt: number;
  isIdle: boolean;
}

const icons: Readonly<Record<string, IconName>> = {
  model: "sparkles",
  tool: "wrench",
  context: "layers",
  child: "bot",
  wait: "hourglass",
};

export function Waterfall({ value, chosen, printed, onChoose }: WaterfallProps) {
  const now = useNow();
  const isOver = value.run.endedAt !== null;
  const lines = useMemo(() => listLines(value, isOver ? 0 : now), [value, isOver, now]);
  const scale = useMemo(() => createTimeScale(lines.map(({ from, to, isIdle }) => ({ from, to, isIdle }))), [lines]);
  if (lines.length === 0)
    return (
      <Blank icon="list-tree" title="No step yet">
        The first comes when a worker takes the run.
      </Blank>
    );
  const onKeyDown = (event: KeyboardEvent) => {
    const step =
      event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = lines[Math.max(0, Math.min(lines.length - 1, lines.findIndex(({ key }) => key === chosen) + step))];
    if (next !== undefined) onChoose(next.key);
  };
  return (
    <Region label="Steps over time" className={styles.scroll} onKeyDown={onKeyDown}>
      <div className={styles.head} aria-hidden="true">
        <span>{lines.length} steps</span>
        <div className={styles.axis}>
          {scale.ticks.map(({ at, workedMs }) => (
            <i key={workedMs} style={{ left: `${at * 100}%` }}>
              {workedMs === 0 ? "0" : `+${formatMs(workedMs)}`}
            </i>
          ))}
        </div>
      </div>
      <div className={styles.body}>
        <Grid scale={scale} />
        <ul>
          {lines.map((line) => (
            <li key={line.key}>
              <Row line={line} scale={scale} isChosen={line.key === chosen} onChoose={onChoose} />
              {line.key === printed?.key && line.key !== chosen && (
                <div className={styles.printed}>
                  <PrintedView printed={printed} />
                </div>
              )}
            </li>
          ))}
        </ul>
      </div>
      {value.isCut && <p className={styles.cut}>There are more steps than are shown.</p>}
    </Region>
  );
}

function Grid({ scale }: { scale: TimeScale }) {
  return (
    <div className={styles.grid} aria-hidden="true">
      {scale.ticks.map(({ at, workedMs }) => (
        <i key={workedMs} style={{ left: `${at * 100}%` }} />
      ))}
      {scale.folds.map(({ from, to }) => (
        <b key={from} style={{ left: `${scale.at(from) * 100}%`, width: `${(scale.at(to) - scale.at(from)) * 100}%` }}>
          <span>{formatMs(to - from)}</span>
        </b>
      ))}
    </div>
  );
}

interface RowProps {
  line: Line;
  scale: TimeScale;
  isChosen: boolean;
  onChoose: (key: string) => void;
}

function Row({ line, scale, isChosen, onChoose }: RowProps) {
  const kind = kindOf(line.kind);
  const left = scale.at(line.from);
  const width = Math.max(0.003, scale.at(line.to) - left);
  const isRight = left + width < 0.86;
  return (
    <button
      type="button"
      className={styles.row}
      data-state={line.state}
      aria-pressed={isChosen}
      onClick={() => onChoose(line.key)}
    >
      <span className={styles.name} data-kind={kind} style={{ paddingLeft: line.depth * 18 }}>
        <Icon
          name={line.state === "failed" ? "x" : line.state === "unknown" ? "circle-help" : (icons[kind] ?? "wrench")}
          size={14}
        />
        <span>{line.name}</span>
        {line.attempt > 1 && <small>attempt {line.attempt}</small>}
        {line.state === "failed" && <span className="sr">, failed</span>}
        {line.state === "unknown" && <span className="sr">, outcome unknown</span>}
      </span>
      <span className={styles.track}>
        <i
          data-kind={kind}
          data-state={line.state}
          data-idle={line.isIdle || undefined}
          style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
        />
        <small style={isRight ? { left: `${(left + width) * 100}%` } : { right: `${(1 - left) * 100}%` }}>
          {formatMs(line.to - line.from)}
        </small>
      </span>
    </button>
  );
}

function listLines({ run, steps, children }: RunReading, nowMs: number): Line[] {
  const own = steps.filter(({ runId }) => runId === run.id).map((step) => toLine(step, 0, nowMs));
  const inside = children.map((child) => {
    const from = Date.parse(child.startedAt ?? child.createdAt);
    const to = child.endedAt === null ? Math.max(nowMs, from) : Date.parse(child.endedAt);
    const head: Line = {
      key: `child:${child.id}`,
      name: `${child.agent}: ${child.title}`,
      kind: "child",
      state: child.state,
      from,
      to,
      depth: 0,
      attempt: child.attempt,
      isIdle: false,
    };
    return [head, ...steps.filter(({ runId }) => runId === child.id).map((step) => toLine(step, 1, nowMs))];
  });
  return [...own.map((line) => [line]), ...inside]
    .toSorted((one, other) => (one[0]?.from ?? 0) - (other[0]?.from ?? 0))
    .flat();
}

function toLine(step: StepRecord, depth: number, nowMs: number): Line {
  const from = Date.parse(step.startedAt);
  const { usage } = step;
  const isIdle = step.state === "waiting" || kindOf(step.kind) === "wait" || isLongQuestion(step);
  return {
    key: keyOf(step),
    name: step.kind === "model" ? (usage?.model ?? "model") : nameStep(step.name),
    kind: step.kind,
    state: step.state,
    from,
    to: step.endedAt === null ? Math.max(nowMs, from) : Date.parse(step.endedAt),
    depth,
    attempt: step.attempt,
    isIdle,
  };
}

/** A question to a person is a tool whose time is the person's. */
function isLongQuestion({ name }: StepRecord): boolean {
  return name.startsWith("tool:ask_person");
}
