/** Webhooks that come in: made here with a key that is shown once, given another key, removed. */
import type { HookRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { ChoiceField } from "../../parts/Form.tsx";
import { formatAgo, formatCount } from "../../parts/format.ts";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { NameForm } from "./NameForm.tsx";
import { ShownOnce } from "./ShownOnce.tsx";
import { SettingsList } from "./SettingsList.tsx";
import styles from "./SettingsScreen.module.css";

const hookEvents = (event: { type: string }) => event.type.startsWith("hook.");

export function HookList() {
  const { client } = useConsole();
  const reading = useReading("settings:hooks", () => client.listHooks({ limit: 200 }), { isMoved: hookEvents });
  return (
    <SettingsList
      title="Webhooks that come in"
      what="hooks"
      reading={reading}
      none="None: no other program starts a job by telling of an event."
      opens={[{ name: "New hook", panel: () => <NewHook onMade={reading.reload} /> }]}
    >
      {(hook) => <HookRow key={hook.id} hook={hook} onChange={reading.reload} />}
    </SettingsList>
  );
}

function HookRow({ hook, onChange }: { hook: HookRecord; onChange: () => void }) {
  const { client } = useConsole();
  const now = useNow();
  const [key, setKey] = useState<string>();
  const { isBusy, refusal, act } = useAct(onChange);
  const { name, form, path, keyRef, receivedCount, receivedAt } = hook;
  return (
    <li>
      <span>
        <b>{name}</b>
        <small>
          <span className="mono">{path}</span> · {form === "github" ? "as GitHub signs" : "Standard Webhooks"} ·{" "}
          {receivedAt === null
            ? "nothing came yet"
            : `${formatCount(receivedCount)} came, the last ${formatAgo(now - Date.parse(receivedAt))}`}
        </small>
      </span>
      <span className={styles.acts}>
        {keyRef === null && (
          <Button
            size="small"
            isBusy={isBusy}
            onClick={() => act(async () => setKey((await client.rotateHook({ name })).key))}
          >
            Another key
          </Button>
        )}
        <SureButton
          icon="ban"
          label={`Remove ${name}`}
          asks="Remove it?"
          doing="Removing"
          isBusy={isBusy}
          onSure={() => act(() => client.removeHook({ name }))}
        />
      </span>
      {key !== undefined && <ShownOnce text={key}>It is shown this once. The key before counts for a day.</ShownOnce>}
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}

const forms = [
  { id: "standard", name: "By the rules of Standard Webhooks" },
  { id: "github", name: "As GitHub does" },
];

function NewHook({ onMade }: { onMade: () => void }) {
  const { client } = useConsole();
  const [form, setForm] = useState("standard");
  const [made, setMade] = useState<{ path: string; key: string }>();
  const make = async (name: string) => {
    const { hook, key } = await client.addHook({ name, form: form as HookRecord["form"] });
    setMade({ path: hook.path, key: key ?? "" });
  };
  if (made !== undefined)
    return (
      <ShownOnce text={made.key}>
        The sender sends to {made.path} and signs with this key, which is shown this once:
      </ShownOnce>
    );
  return (
    <NameForm label="Name" placeholder="shop" does="Make the hook" onMake={make} onMade={onMade}>
      <ChoiceField label="Signed" value={form} items={forms} onChoose={setForm} />
    </NameForm>
  );
}
