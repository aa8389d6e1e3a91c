/** Keys of programs and devices: made here, shown once, revoked here. */
import type { MadeTokenKind, TokenRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { ChoiceField, Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { formatAgo, formatUsdShort } from "../../parts/format.ts";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { PairDevice } from "./PairDevice.tsx";
import { ShownOnce } from "./ShownOnce.tsx";
import { isTokenName, tokenNameHint } from "./token-name.ts";
import { SettingsList } from "./SettingsList.tsx";

export function KeyList() {
  const { client } = useConsole();
  const [opened, setOpened] = useState<"key" | "device">();
  const { value, error, reload } = useReading("settings:keys", () => client.listTokens({ limit: 200 }), {
    isMoved: ({ type }) => type.startsWith("token."),
  });
  return (
    <SettingsList
      title="Keys and devices"
      what="keys"
      items={value?.items.filter(({ kind }) => kind !== "host")}
      error={error}
      onRetry={reload}
      rowCount={3}
      none="No program and no device has a key."
      acts={(["device", "key"] as const).map((what) => (
        <Button
          key={what}
          size="small"
          icon="plus"
          aria-expanded={opened === what}
          onClick={() => setOpened(opened === what ? undefined : what)}
        >
          {what === "device" ? "Pair a device" : "New key"}
        </Button>
      ))}
      panel={opened && (opened === "key" ? <NewKey onMade={reload} /> : <PairDevice />)}
    >
      {(token) => <KeyRow key={token.id} token={token} onChange={reload} />}
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
  const [name, setName] = useState("");
  const [kind, setKind] = useState("client");
  const [text, setText] = useState<string>();
  const { isBusy, refusal, act } = useAct(onMade);
  const isName = isTokenName(name);
  const make = async () => {
    const made = await client.createToken({ name, kind: kind as MadeTokenKind, scopes: scopesOf[kind] });
    setText(made.text);
  };
  if (text !== undefined) return <ShownOnce text={text}>It is shown this once: copy it now.</ShownOnce>;
  return (
    <Form onSend={() => act(make)}>
      <TextField
        label="Name"
        value={name}
        placeholder="kitchen-tablet"
        refusal={name === "" || isName ? undefined : tokenNameHint}
        onText={setName}
        autoFocus
      />
      <ChoiceField label="For" value={kind} items={uses} onChoose={setKind} />
      <FormEnd refusal={refusal}>
        <Button type="submit" size="small" look="main" isBusy={isBusy} disabled={!isName}>
          Make the key
        </Button>
      </FormEnd>
    </Form>
  );
}
