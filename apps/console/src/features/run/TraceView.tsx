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
  const valueOf = (variable: string) => config?.entries.find(({ name }) => name === variable)?.value ?? undefined;
  const collector = valueOf("OTEL_EXPORTER_OTLP_ENDPOINT");
  const page =
    collector === undefined ? undefined : valueOf("ROOST_TRACE_URL")?.replaceAll("{traceId}", value.run.traceId);
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
        {config !== undefined && <Sent collector={collector} hasPage={page !== undefined} />}
        {page !== undefined && (
          <a href={page} target="_blank" rel="noreferrer">
            Open it at {new URL(page).host}
          </a>
        )}
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

/** Where the spans go, and which setting is missing. */
function Sent({ collector, hasPage }: { collector: string | undefined; hasPage: boolean }) {
  if (collector === undefined)
    return "Spans are sent nowhere: OTEL_EXPORTER_OTLP_ENDPOINT names a collector (Jaeger, Tempo, Grafana). ";
  const where = `Spans are sent to ${collector}. `;
  return hasPage ? where : `${where}With ROOST_TRACE_URL there is a link to the trace here. `;
}
