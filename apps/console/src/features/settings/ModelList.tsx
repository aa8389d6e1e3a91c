/** The models in use, and what each says to a call of one token. Changes none: that is a line of roost.yaml. */
import type { ModelCheck } from "@roost/contract/operations";
import { useState } from "react";
import { Link } from "wouter";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { useAct } from "../../parts/use-act.ts";
import styles from "./SettingsScreen.module.css";

export function ModelList() {
  const { client } = useConsole();
  const model = useFeed("status")?.model;
  const [checks, setChecks] = useState<readonly ModelCheck[]>();
  const { isBusy, refusal, act } = useAct(() => undefined);
  const check = async () => setChecks((await client.checkModels({}, { timeoutMs: 75_000 })).models);
  return (
    <section>
      <h2 className={styles.head}>
        Models
        <span className={styles.acts}>
          <Button size="small" isBusy={isBusy} onClick={() => act(check)}>
            {isBusy ? "Asking each" : "Test call"}
          </Button>
        </span>
      </h2>
      <ul className={styles.rows}>
        {checks === undefined && (
          <li>
            <span>
              <b>{model?.name ?? (model?.mode === "rehearsal" ? "No model" : "…")}</b>
              <small>{model?.reason ?? model?.provider ?? ""}</small>
            </span>
          </li>
        )}
        {checks?.map(({ id, name, state, text }) => (
          <li key={id}>
            <span>
              <b>{name}</b>
              <small data-bad={state === "fails" || undefined}>{text}</small>
            </span>
            <span className="num">{state}</span>
          </li>
        ))}
      </ul>
      {checks?.length === 0 && <p className={styles.note}>There is no model: replies are rehearsed.</p>}
      {refusal !== undefined && <p role="alert">{refusal}</p>}
      <p className={styles.note}>
        Another one is a line of models in <Link href="/memory?path=roost.yaml">roost.yaml</Link>; secrets stand there
        by reference only.
      </p>
    </section>
  );
}
