/** What may be spent at most, what is spent of it, and changing what everything together may cost. Caps of jobs and agents are shown, and stand in roost.yaml. */
import type { SpendCapRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { formatCount, formatUsdShort } from "../../parts/format.ts";
import { useAct } from "../../parts/use-act.ts";
import { SettingsList } from "./SettingsList.tsx";
import styles from "./SettingsScreen.module.css";

type Window = SpendCapRecord["window"];
const windows: readonly { id: Window; name: string }[] = [
  { id: "hour", name: "An hour" },
  { id: "day", name: "A day" },
  { id: "month", name: "A month" },
  { id: "total", name: "In all" },
];

export function BudgetList() {
  const { client } = useConsole();
  const read = async () => ({ items: toRows((await client.listBudgets({ limit: 200 })).items) });
  const reading = useReading("settings:budgets", read, {
    isMoved: ({ type }) => type === "run.done" || type === "run.failed",
  });
  return (
    <SettingsList title="Spending at most" what="caps" reading={reading} rowCount={4}>
      {(row) =>
        row.window === undefined ? (
          <li key={row.cap.scope + row.cap.window}>
            <span>
              <b>{row.cap.scope.replace(":", " ")}</b>
              <small>
                {tellCap(row.cap)} {row.cap.window === "total" ? "in all" : `a ${row.cap.window}`}
              </small>
            </span>
          </li>
        ) : (
          <CapRow
            key={row.window.id}
            window={row.window.id}
            name={row.window.name}
            cap={row.cap}
            onChange={reading.reload}
          />
        )
      }
    </SettingsList>
  );
}

/** Of everything together each window has a row, also without a cap. */
function toRows(caps: readonly SpendCapRecord[]) {
  return [
    ...windows.map((window) => ({ window, cap: caps.find((cap) => cap.scope === "all" && cap.window === window.id) })),
    ...caps.filter(({ scope }) => scope !== "all").map((cap) => ({ window: undefined, cap })),
  ];
}

interface CapRowProps {
  window: Window;
  name: string;
  cap: SpendCapRecord | undefined;
  onChange: () => void;
}

function CapRow({ window, name, cap, onChange }: CapRowProps) {
  const [isChanging, setChanging] = useState(false);
  return (
    <li>
      <span>
        <b>{name}</b>
        <small className="num">{cap === undefined ? "no cap" : `${tellCap(cap)} · ${tellSpent(cap)}`}</small>
      </span>
      <Button size="small" aria-expanded={isChanging} onClick={() => setChanging(!isChanging)}>
        Change
      </Button>
      {cap?.usdMax != null && cap.usdMax > 0 && (
        <meter
          className={styles.meter}
          min={0}
          max={cap.usdMax}
          high={cap.usdMax * 0.8}
          optimum={0}
          value={Math.min(cap.spent.costUsd, cap.usdMax)}
          aria-label={`${name}: spent`}
        />
      )}
      {isChanging && (
        <CapForm
          window={window}
          cap={cap}
          onSaved={() => {
            setChanging(false);
            onChange();
          }}
        />
      )}
    </li>
  );
}

function tellCap({ usdMax, tokensMax, callsMax }: SpendCapRecord): string {
  return [
    usdMax === null ? "" : formatUsdShort(usdMax),
    tokensMax === null ? "" : `${formatCount(tokensMax)} tokens`,
    callsMax === null ? "" : `${formatCount(callsMax)} calls`,
  ]
    .filter((text) => text !== "")
    .join(", ");
}

function tellSpent({ spent: { costUsd, tokens, calls }, usdMax, tokensMax }: SpendCapRecord): string {
  if (usdMax !== null) return `${formatUsdShort(costUsd)} spent`;
  return tokensMax !== null ? `${formatCount(tokens)} used` : `${formatCount(calls)} made`;
}

const fields = [
  { name: "usdMax", label: "Dollars", pattern: /^\d{1,7}(?:\.\d{1,4})?$/ },
  { name: "tokensMax", label: "Tokens", pattern: /^\d{1,15}$/ },
  { name: "callsMax", label: "Calls of a model", pattern: /^\d{1,9}$/ },
] as const;

function CapForm({ window, cap, onSaved }: { window: Window; cap: SpendCapRecord | undefined; onSaved: () => void }) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onSaved);
  const [typed, setTyped] = useState(() =>
    Object.fromEntries(fields.map(({ name }) => [name, cap?.[name] == null ? "" : String(cap[name])])),
  );
  const isFit = fields.every(({ name, pattern }) => typed[name] === "" || pattern.test(typed[name] ?? ""));
  const read = (name: string) => (typed[name] === "" ? null : Number(typed[name]));
  const save = () =>
    client.changeBudget({
      window,
      usdMax: read("usdMax"),
      tokensMax: read("tokensMax"),
      callsMax: read("callsMax"),
    });
  return (
    <Form className={styles.panel} onSend={() => isFit && act(save)}>
      {fields.map(({ name, label, pattern }) => (
        <TextField
          key={name}
          label={label}
          value={typed[name] ?? ""}
          inputMode="decimal"
          placeholder="no cap"
          refusal={
            typed[name] === "" || pattern.test(typed[name] ?? "") ? undefined : "A number, or nothing for no cap"
          }
          onText={(text) => setTyped({ ...typed, [name]: text.trim() })}
        />
      ))}
      <FormEnd refusal={refusal}>
        <Button type="submit" size="small" look="main" isBusy={isBusy} disabled={!isFit}>
          Save
        </Button>
        <span className={styles.note}>It counts at once, and stands in roost.yaml.</span>
      </FormEnd>
    </Form>
  );
}
