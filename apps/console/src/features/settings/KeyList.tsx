/** Keys of programs and devices: made here, shown once, revoked here. */
import type { MadeTokenKind, TokenRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { ChoiceField } from "../../parts/Form.tsx";
import { formatAgo, formatUsdShort } from "../../parts/format.ts";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { NameForm } from "./NameForm.tsx";
import { PairDevice } from "./PairDevice.tsx";
import { ShownOnce } from "./ShownOnce.tsx";
import { SettingsList } from "./SettingsList.tsx";

export function KeyList() {
  const { client } = useConsole();
  const read = async () => {
    const { items } = await client.listTokens({ limit: 200 });
    // Those of hosts stand with the hosts.
    return { items: items.filter(({ kind }) => kind !== "host") };
  };
  const reading = useReading("settings:keys", read, { isMoved: ({ type }) => type.startsWith("token.") });
  return (
    <SettingsList
      title="Keys and devices"
      what="keys"
      reading={reading}
      rowCount={3}
      none="No program and no device has a key."
      opens={[
        { name: "Pair a device", panel: () => <PairDevice /> },
        { name: "New key", panel: () => <NewKey onMade={reading.reload} /> },
      ]}
    >
      {(token) => <KeyRow key={token.id} token={token} onChange={reading.reload} />}
    </SettingsList>
  );
}

function KeyRow({ token, onChange }: { token: TokenRecord; onChange: () => void }) {
  const { client } = useConsole();
  const now = useNow();
  const { isBusy, refusal, act } = useAct(onChange);
  const { id, name, kind, ending, scopes, spent, lastSeenAt } = token;
  const today = spent.find(({ window }) => window === "day");
  return (
    <li>
      <span>
        <b>{name}</b>
        <small>
          {kind} …{ending} · {scopes.join(", ")} ·{" "}
          {lastSeenAt === null ? "never used" : `used ${formatAgo(now - Date.parse(lastSeenAt))}`}
          {today !== undefined && ` · ${formatUsdShort(today.costUsd)} today`}
        </small>
      </span>
      <SureButton
        icon="ban"
        label={`Revoke ${name}`}
        asks="Revoke it?"
        doing="Revoking"
        isBusy={isBusy}
        onSure={() => act(() => client.revokeToken({ token: id }))}
      />
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}

const uses = [
  { id: "client", name: "A program that calls models and agents" },
  { id: "device", name: "A device of yours: everything" },
  { id: "script", name: "A script: reads what runs" },
];
const scopesOf: Readonly<Record<string, string[]>> = {
  client: ["models:call", "agents:call"],
  device: ["*"],
  script: ["*:read"],
};

function NewKey({ onMade }: { onMade: () => void }) {
  const { client } = useConsole();
  const [kind, setKind] = useState("client");
  const [text, setText] = useState<string>();
  const make = async (name: string) => {
    const made = await client.createToken({ name, kind: kind as MadeTokenKind, scopes: scopesOf[kind] });
    setText(made.text);
  };
  if (text !== undefined) return <ShownOnce text={text}>It is shown this once: copy it now.</ShownOnce>;
  return (
    <NameForm label="Name" placeholder="kitchen-tablet" does="Make the key" onMake={make} onMade={onMade}>
      <ChoiceField label="For" value={kind} items={uses} onChoose={setKind} />
    </NameForm>
  );
}
