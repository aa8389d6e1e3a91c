/** The spans of a run as OpenTelemetry has them, and the id by which a collector finds them. */
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { formatMs } from "../../parts/format.ts";
import { Region } from "../../parts/Region.tsx";
import { nameState } from "../../parts/StateMark.tsx";
import { listSpans } from "./list-spans.ts";
import type { RunReading } from "./use-run-reading.ts";
import styles from "./TraceView.module.css";

export function TraceView({ value }: { value: RunReading }) {
  const { client } = useConsole();
  const now = useNow();
  const { value: config } = useReading("settings:config", () => client.getConfig());
  const collector = config?.entries.find(({ name }) => name === "OTEL_EXPORTER_OTLP_ENDPOINT")?.value;
  const spans = listSpans(value);
  const from = Math.min(...spans.map((span) => span.from));
  const until = Math.max(...spans.map(({ to }) => to ?? now), from + 1);
  const share = (ms: number) => `${(100 * ms) / (until - from)}%`;
  return (
    <Region label="Trace" className={styles.view}>
      <p className={styles.id}>
        Trace <code className="mono">{value.run.traceId}</code>
      </p>
      <p className={styles.note}>
        {collector == null
          ? "Spans are sent nowhere: OTEL_EXPORTER_OTLP_ENDPOINT names a collector (Jaeger, Tempo, Grafana), which finds them by this id."
          : `Spans are sent to ${collector}, where this id finds them.`}
      </p>
      <ol className={styles.spans}>
        {spans.map(({ id, name, isChild, state, from: began, to }) => (
          <li key={id} data-child={isChild || undefined}>
            <span className={styles.name} title={name}>
              {name}
            </span>
            <span className={styles.track}>
              <i
                data-bad={state === "failed" || undefined}
                style={{ left: share(began - from), width: share((to ?? now) - began) }}
              />
            </span>
            <span className="num">{formatMs(Math.max(0, (to ?? now) - began))}</span>
            <span className={styles.state}>{nameState(state)}</span>
          </li>
        ))}
      </ol>
      {value.isCut && <p className={styles.note}>There are more spans than are shown.</p>}
    </Region>
  );
}
