/** Machines of the home: what each runs and offers, its version and clock; brought in by a command that is shown once, drained, and put out. */
import { hostScopes, workersScope } from "@roost/contract/host-scopes";
import type { HostRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { ChoiceField } from "../../parts/Form.tsx";
import { formatAgo, formatCount, formatMs } from "../../parts/format.ts";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { NameForm } from "./NameForm.tsx";
import { SettingsList } from "./SettingsList.tsx";
import { ShownOnce } from "./ShownOnce.tsx";
import styles from "./SettingsScreen.module.css";

/** A clock that is further off is named. */
const skewMsMax = 5_000;

export function HostList() {
  const { client } = useConsole();
  const reading = useReading("settings:hosts", () => client.listHosts({ limit: 200 }), {
    isMoved: ({ type }) => type.startsWith("host.") || type === "token.revoked",
  });
  const statements = reading.value?.statements ?? [];
  return (
    <SettingsList
      title="Hosts"
      what="hosts"
      reading={reading}
      none="Nothing runs, and no other machine belongs to the home."
      opens={[{ name: "Bring one in", panel: () => <Invite /> }]}
      below={
        statements.length > 0 && (
          <p className={styles.note}>
            For workers on other machines an administrator of the database runs{" "}
            <code className="mono">{statements.map((statement) => `${statement};`).join(" ")}</code>
          </p>
        )
      }
    >
      {(host) => <HostRow key={host.name} host={host} onChange={reading.reload} />}
    </SettingsList>
  );
}

function HostRow({ host, onChange }: { host: HostRecord; onChange: () => void }) {
  const { client } = useConsole();
  const now = useNow();
  const { isBusy, refusal, act } = useAct(onChange);
  const { name, isJoined, isOtherVersion, drained, workerCount, lastSeenAt, runCount } = host;
  const problems = [...describeClock(host), ...(drained === null ? [] : [`drained: ${drained}`])];
  return (
    <li>
      <span>
        <b>{name}</b>
        <small>
          {describeWork(host)} ·{" "}
          {lastSeenAt === null ? "never seen" : `seen ${formatAgo(now - Date.parse(lastSeenAt))}`}
        </small>
        {problems.length > 0 && <small data-bad>{problems.join(" · ")}</small>}
      </span>
      <span className={styles.acts}>
        {(workerCount > 0 || drained !== null) &&
          !isOtherVersion &&
          (drained === null ? (
            <SureButton
              key="drain"
              icon="pause"
              label={`Drain ${name}`}
              asks={
                runCount === 0
                  ? "Drain it?"
                  : `Drain it? It ends ${runCount === 1 ? "1 run" : `${formatCount(runCount)} runs`}`
              }
              doing="Draining"
              isBusy={isBusy}
              onSure={() => act(() => client.drainHost({ name }))}
            />
          ) : (
            <SureButton
              key="undrain"
              icon="play"
              label={`Let ${name} take runs again`}
              asks="Take runs again?"
              doing="Undraining"
              isBusy={isBusy}
              onSure={() => act(() => client.undrainHost({ name }))}
            />
          ))}
        {isJoined && (
          <SureButton
            icon="ban"
            label={`Put ${name} out`}
            asks="Put it out?"
            doing="Putting out"
            isBusy={isBusy}
            onSure={() => act(() => client.revokeToken({ token: name }))}
          />
        )}
      </span>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}

/** "2 workers, 1 scheduler · queues default, night · offers gpu · 0.1.0" */
function describeWork({ doing, workerCount, queues, capabilities, version, isJoined }: HostRecord): string {
  return [
    doing.length === 0 ? (isJoined ? "keeps files" : "runs nothing") : doing.join(", "),
    ...(workerCount === 0 ? [] : [`queues ${queues.join(", ")}`]),
    ...(capabilities.length === 0 ? [] : [`offers ${capabilities.join(", ")}`]),
    ...(version === null ? [] : [version]),
  ].join(" · ");
}

function describeClock({ skewMs }: HostRecord): string[] {
  if (skewMs === null || Math.abs(skewMs) <= skewMsMax) return [];
  return [`its clock is ${formatMs(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`];
}

const uses = [
  { id: "files", name: "Keep a copy of the files, and watch" },
  { id: "workers", name: "Run workers too: it reads what the home knows" },
];

function Invite() {
  const { client } = useConsole();
  const [use, setUse] = useState("files");
  const [command, setCommand] = useState<string>();
  const invite = async (name: string) => {
    const scopes = use === "workers" ? [...hostScopes, workersScope] : undefined;
    const { code, links } = await client.createPairing({ kind: "host", name, scopes });
    setCommand(`roost join ${links[0] ?? location.origin} --code ${code}`);
  };
  if (command !== undefined) return <ShownOnce text={command}>On that machine, once, within five minutes:</ShownOnce>;
  return (
    <NameForm label="Name of the machine" proposal="laptop" does="Show the command" onMake={invite}>
      <ChoiceField label="To" value={use} items={uses} onChoose={setUse} />
    </NameForm>
  );
}
