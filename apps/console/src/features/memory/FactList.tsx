/** What the home holds for true, the newest first, with what ended or was wrong when that is asked for. */
import type { HomeFact } from "@roost/contract/operations";
import { useDeferredValue, useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { usePages } from "../../live/use-pages.ts";
import { Blank, Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { Region } from "../../parts/Region.tsx";
import { SearchField } from "../../parts/SearchField.tsx";
import { useAct } from "../../parts/use-act.ts";
import { FactRow } from "./FactRow.tsx";
import styles from "./FactList.module.css";

const pageSize = 100;

export function FactList() {
  const { client } = useConsole();
  const [withClosed, setWithClosed] = useState(false);
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const { rows, error, isWhole, readMore, reload } = usePages<HomeFact>(`facts:${withClosed}`, (after) =>
    client.listFacts({ withClosed, limit: pageSize, after }),
  );
  const shown = rows?.filter(({ statement }) => statement.toLowerCase().includes(wanted));
  return (
    <Region label="Facts" className={styles.facts}>
      <NewFact onChange={reload} />
      <div className={styles.tools}>
        <SearchField className={styles.search} label="Search facts" value={typed} onText={setTyped} />
        <label className={styles.closed}>
          <input type="checkbox" checked={withClosed} onChange={(event) => setWithClosed(event.target.checked)} /> with
          history
        </label>
      </div>
      {shown === undefined && (
        <Unread label="Reading the facts" rows={8} rowPx={56} what="The facts" error={error} onRetry={reload} />
      )}
      {shown?.length === 0 && (
        <Blank icon="brain" title={wanted === "" ? "Nothing is held for true yet" : "No fact says that"}>
          Agents keep facts, and the nightly pass finds some in what was said.
        </Blank>
      )}
      <ul>
        {shown?.map((fact) => (
          <FactRow key={fact.id} fact={fact} onChange={reload} />
        ))}
      </ul>
      {!isWhole && (
        <Button look="quiet" onClick={readMore}>
          Older facts
        </Button>
      )}
    </Region>
  );
}

function NewFact({ onChange }: { onChange: () => void }) {
  const { client } = useConsole();
  const [text, setText] = useState("");
  const { isBusy, refusal, act } = useAct(() => {
    setText("");
    onChange();
  });
  return (
    <Form onSend={() => act(() => client.rememberFact({ text: text.trim() }))}>
      <TextField label="Remember" isWide placeholder="Anna lives in Munich" value={text} onText={setText} />
      <FormEnd refusal={refusal}>
        <Button type="submit" size="small" isBusy={isBusy} disabled={text.trim() === ""}>
          Keep it
        </Button>
      </FormEnd>
    </Form>
  );
}
