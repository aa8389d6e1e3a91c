/** What the home is set to: models with a test call, keys, channels, caps, and every value in force with where it comes from. */
import { Link } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { formatAgo, formatCount } from "../../parts/format.ts";
import { Region } from "../../parts/Region.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { BudgetList } from "./BudgetList.tsx";
import { ChannelList } from "./ChannelList.tsx";
import { HookList } from "./HookList.tsx";
import { HostList } from "./HostList.tsx";
import { KeyList } from "./KeyList.tsx";
import { ModelList } from "./ModelList.tsx";
import { PushList } from "./PushList.tsx";
import styles from "./SettingsScreen.module.css";

export function SettingsScreen() {
  return (
    <>
      <ScreenHeader title="Settings" />
      <Region label="Settings" className={styles.page}>
        <ModelList />
        <BudgetList />
        <KeyList />
        <HostList />
        <PushList />
        <ChannelList />
        <HookList />
        <ExportAge />
        <InForce />
      </Region>
    </>
  );
}

/** How old the newest whole export is; what other programs copy is not known here. */
function ExportAge() {
  const { client } = useConsole();
  const now = useNow();
  const { value, error, reload } = useReading("settings:export", () => client.getLastExport(), {
    isMoved: ({ type }) => type === "export.done",
  });
  if (value === undefined)
    return <Unread label="Reading the backups" rows={1} what="The backups" error={error} onRetry={reload} />;
  const last = value.export;
  return (
    <section>
      <h2 className={styles.head}>Backup</h2>
      {last === null ? (
        <p className={styles.note}>
          Everything of this home was never exported: <code className="mono">roost export DIRECTORY</code> writes it,
          and <code className="mono">roost import</code> takes it. Copies that other programs make are not known here.
        </p>
      ) : (
        <p className={styles.note}>
          The last export was made {formatAgo(now - Date.parse(last.at))}: {formatCount(last.fileCount)} files
          {last.leftOutCount > 0 && `, ${formatCount(last.leftOutCount)} left out`}. Copies that other programs make are
          not known here.
        </p>
      )}
    </section>
  );
}

const sources = {
  default: "by default",
  environment: "from the environment",
  settings: "roost.yaml",
  detected: "found",
};

function InForce() {
  const { client } = useConsole();
  const { value, error, reload } = useReading("settings:config", () => client.getConfig(), {
    isMoved: ({ type }) => type === "file.written" || type === "file.edited",
  });
  if (value === undefined)
    return <Unread label="Reading the settings" rows={8} what="The settings" error={error} onRetry={reload} />;
  const set = value.entries.filter((entry) => entry.value !== null && entry.source !== "default");
  const rest = value.entries.filter((entry) => !set.includes(entry));
  return (
    <section>
      <h2 className={styles.head}>
        Every value in force <Link href="/memory?path=roost.yaml">Change roost.yaml</Link>
      </h2>
      <details className={styles.rest}>
        <summary>{set.length} that were set or found</summary>
        <Entries entries={set} />
      </details>
      <details className={styles.rest}>
        <summary>{rest.length} as they come</summary>
        <Entries entries={rest} />
      </details>
    </section>
  );
}

interface Entry {
  name: string;
  value: string | null;
  source: keyof typeof sources;
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  return (
    <dl className={styles.entries}>
      {entries.map(({ name, value, source }) => (
        <div key={name}>
          <dt className="mono">{name}</dt>
          <dd>
            {value ?? "not set"} <small>{sources[source]}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
