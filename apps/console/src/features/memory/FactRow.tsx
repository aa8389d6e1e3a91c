/** One fact: what it says, since when and by whom; it is corrected, taken back or vouched for in place. */
import type { HomeFact } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { SureButton } from "../../parts/SureButton.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { useAct } from "../../parts/use-act.ts";
import styles from "./FactRow.module.css";

export interface FactRowProps {
  fact: HomeFact;
  onChange: () => void;
}

const extractors = { person: "a person", agent: "an agent", nightly: "the nightly pass" };

export function FactRow({ fact, onChange }: FactRowProps) {
  const { client } = useConsole();
  const [isCorrecting, setCorrecting] = useState(false);
  const { isBusy, refusal, act } = useAct(onChange);
  const { id: factId, statement, extractor, by, reason, isClaim } = fact;
  const isClosed = fact.validTo !== null || fact.retractedAt !== null;
  return (
    <li className={styles.fact} data-closed={isClosed || undefined}>
      <div>
        <p>{statement}</p>
        <p className={styles.from}>
          <Period fact={fact} /> · from {extractors[extractor]}, {by}
          {reason !== null && ` · ${reason}`}
        </p>
        {refusal !== undefined && <p role="alert">{refusal}</p>}
      </div>
      {!isClosed && (
        <span className={styles.acts}>
          {isClaim && (
            <Button size="small" look="main" isBusy={isBusy} onClick={() => act(() => client.acceptFact({ factId }))}>
              It is so
            </Button>
          )}
          <Button size="small" onClick={() => setCorrecting(!isCorrecting)} aria-expanded={isCorrecting}>
            Correct
          </Button>
          <SureButton
            icon="x"
            label={`Take back: ${statement}`}
            asks="It never held?"
            doing="Taking back"
            isBusy={isBusy}
            onSure={() => act(() => client.removeFact({ factId, reason: "taken back on the console" }))}
          />
        </span>
      )}
      {isCorrecting && <Correction fact={fact} onDone={() => setCorrecting(false)} onChange={onChange} />}
    </li>
  );
}

function Period({ fact: { validFrom, validTo, retractedAt } }: { fact: HomeFact }) {
  const formats = useTimeFormats();
  const day = (text: string) => formats.isoDay.format(Date.parse(text));
  if (retractedAt !== null) return `found wrong on ${day(retractedAt)}`;
  return validTo === null ? `since ${day(validFrom)}` : `${day(validFrom)} to ${day(validTo)}`;
}

function Correction({ fact, onDone, onChange }: FactRowProps & { onDone: () => void }) {
  const { client } = useConsole();
  const [text, setText] = useState(fact.statement);
  const { isBusy, refusal, act } = useAct(() => {
    onDone();
    onChange();
  });
  const correct = () =>
    client.rememberFact({ text: text.trim(), corrects: fact.id, reason: "corrected on the console" });
  return (
    <Form className={styles.correction} onSend={() => act(correct)}>
      <TextField label="What is true" isWide value={text} onText={setText} autoFocus />
      <FormEnd refusal={refusal}>
        <Button
          type="submit"
          size="small"
          look="main"
          isBusy={isBusy}
          disabled={text.trim() === "" || text === fact.statement}
        >
          Keep this instead
        </Button>
        <Button size="small" look="quiet" onClick={onDone}>
          Leave it
        </Button>
      </FormEnd>
    </Form>
  );
}
