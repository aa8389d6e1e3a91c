import { Link } from "wouter";
import { useFeed } from "../../live/console-context.ts";
import { formatCount } from "../../parts/format.ts";
import styles from "./HouseHealth.module.css";

/** Whether the house is well: workers, queue, database, model. */
export function HouseHealth() {
  const status = useFeed("status");
  if (status === undefined) return null;
  const { workers, schedulers, counts, engine, model } = status;
  const busy = workers.reduce((sum, { runCount }) => sum + runCount, 0);
  const lines: [string, string, boolean?][] = [
    ["Model", model.mode === "rehearsal" ? "none: rehearses" : (model.name ?? "unknown"), model.mode === "rehearsal"],
    ["Workers", workers.length === 0 ? "none" : `${workers.length}, ${busy} busy`, workers.length === 0],
    ["Scheduler", schedulers.length === 0 ? "none" : "runs", schedulers.length === 0],
    ["Waiting to start", formatCount(counts.ready + counts.queued)],
    ["Database", `PostgreSQL ${engine.version.split(" ")[0] ?? ""}`],
  ];
  return (
    <section aria-label="House">
      <h2 className="part-title">House</h2>
      <dl className={styles.list}>
        {lines.map(([name, value, isBad = false]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd data-bad={isBad || undefined}>{value}</dd>
          </div>
        ))}
      </dl>
      {model.mode === "rehearsal" && (
        <p className={styles.note}>
          Replies are rehearsed, and nothing has an effect. <Link href="/welcome">Choose a model</Link>
        </p>
      )}
    </section>
  );
}
