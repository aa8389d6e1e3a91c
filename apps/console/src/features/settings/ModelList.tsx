/** The models: those of roost.yaml in their order with a test call, adding one, taking one away, and starting anew with what was written. */
import type { ConfiguredModelRecord, ModelCheck } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { ModelChooser } from "../../pieces/ModelChooser.tsx";
import { SettingsList } from "./SettingsList.tsx";
import styles from "./SettingsScreen.module.css";

const checkMsMax = 75_000;

export function ModelList() {
  const { client } = useConsole();
  const model = useFeed("status")?.model;
  const [checks, setChecks] = useState<readonly ModelCheck[]>();
  const reading = useReading("settings:models", () => client.listModels(), {
    isMoved: ({ type, subject }) => type.startsWith("file.") && subject === "roost.yaml",
  });
  const { isBusy, refusal, act } = useAct(() => undefined);
  const check = async () => setChecks((await client.checkModels({}, { timeoutMs: checkMsMax })).models);
  const { reload } = reading;
  return (
    <SettingsList
      title="Models"
      what="models"
      reading={reading}
      none={
        model !== undefined && (
          <>
            {model.name ?? "No model"}: {model.reason ?? model.provider ?? ""}
            <CheckLine check={checks?.[0]} />
          </>
        )
      }
      acts={
        <Button size="small" isBusy={isBusy} onClick={() => act(check)}>
          {isBusy ? "Asking each" : "Test call"}
        </Button>
      }
      opens={[
        {
          name: "Add one",
          panel: (close) => (
            <ModelChooser
              onAdded={() => {
                close();
                reload();
              }}
            />
          ),
        },
      ]}
      below={
        <>
          {checks?.length === 0 && <p className={styles.note}>There is no model to ask: replies are rehearsed.</p>}
          {refusal !== undefined && <p role="alert">{refusal}</p>}
          <ApplyBar models={reading.value?.items ?? []} />
        </>
      }
    >
      {(each) => (
        <ModelRow key={each.id} model={each} check={checks?.find(({ id }) => id === each.id)} onChange={reload} />
      )}
    </SettingsList>
  );
}

interface ModelRowProps {
  model: ConfiguredModelRecord;
  check: ModelCheck | undefined;
  onChange: () => void;
}

function ModelRow({ model: { id, model, baseUrl, key, isApplied }, check, onChange }: ModelRowProps) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onChange);
  return (
    <li>
      <span>
        <b>{model}</b>
        <small>
          {id}
          {baseUrl !== null && ` · ${new URL(baseUrl).host}`}
          {` · ${key === null ? "without a key" : `key in ${key.replace(/^file:/, "")}`}`}
          {!isApplied && <em className={styles.later}>counts from the next start on</em>}
        </small>
        <CheckLine check={check} />
      </span>
      <SureButton
        icon="x"
        label={`Take ${id} away`}
        asks="Take it away?"
        doing="Taking it away"
        isBusy={isBusy}
        onSure={() => act(() => client.removeModel({ id }))}
      />
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}

function CheckLine({ check }: { check: ModelCheck | undefined }) {
  if (check === undefined) return null;
  return <small data-bad={check.state === "fails" || undefined}>{check.text}</small>;
}

/** What was written counts after a start; the page waits for it. */
function ApplyBar({ models }: { models: readonly ConfiguredModelRecord[] }) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(() => undefined);
  if (models.every(({ isApplied }) => isApplied)) return null;
  return (
    <div className={`callout ${styles.apply}`}>
      <p>Roost starts anew to take it up: a few seconds, and runs go on where they were.</p>
      <Button size="small" look="main" isBusy={isBusy} onClick={() => act(() => client.applySettings())}>
        Start anew
      </Button>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </div>
  );
}
