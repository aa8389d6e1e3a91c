/** Says that another entry is the same person: both are shown side by side first, and it can be taken back exactly. */
import { useReading } from "@roost/console/live/use-reading";
import { Button } from "@roost/console/parts/Button";
import { Form, FormEnd, TextField } from "@roost/console/parts/Form";
import { Sheet } from "@roost/console/parts/Sheet";
import { useAct } from "@roost/console/parts/use-act";
import { useDeferredValue, useState } from "react";
import type { PersonRecord } from "../contract/records.ts";
import { PersonLine } from "./PersonLine.tsx";
import { usePeeps } from "./use-peeps.ts";
import styles from "./MergeSheet.module.css";

export interface MergeSheetProps {
  person: PersonRecord;
  onClose: () => void;
  onMerged: (personId: string) => void;
}

export function MergeSheet({ person, onClose, onMerged }: MergeSheetProps) {
  const peeps = usePeeps();
  const [typed, setTyped] = useState(person.name.split(" ")[0] ?? "");
  const [otherId, setOtherId] = useState<string>();
  const name = useDeferredValue(typed.trim());
  const { value } = useReading(`people:merge:${name}`, async () => {
    if (name === "") return [];
    const [listed, stubs] = await Promise.all([
      peeps.listPeople({ name, limit: 20 }),
      peeps.listPeople({ name, limit: 10, isListed: false }),
    ]);
    return [...listed.items, ...stubs.items];
  });
  const others = (value ?? []).filter(({ id }) => id !== person.id);
  const other = others.find(({ id }) => id === otherId);
  const { isBusy, refusal, act } = useAct(onClose);
  const merge = async () => {
    if (other === undefined) return;
    const merged = await peeps.mergePeople({ personId: person.id, otherId: other.id });
    onMerged(merged.person.id);
  };
  return (
    <Sheet title={`Who else is ${person.name}?`} onClose={onClose}>
      <Form onSend={() => act(merge)}>
        <TextField label="Name of the other entry" isWide value={typed} onText={setTyped} type="search" data-first />
        <div className={styles.others} role="group" aria-label="Other entries">
          {others.map((one) => (
            <button key={one.id} type="button" aria-pressed={one.id === otherId} onClick={() => setOtherId(one.id)}>
              <PersonLine person={one} />
            </button>
          ))}
          {value !== undefined && others.length === 0 && <p>No other entry has this name.</p>}
        </div>
        <FormEnd refusal={refusal}>
          <Button type="submit" look="main" icon="merge" isBusy={isBusy} disabled={other === undefined}>
            {other === undefined ? "Merge" : `${other.name} is ${person.name}`}
          </Button>
          <p className={styles.note}>Nothing is lost: “Take apart” on the person undoes it exactly.</p>
        </FormEnd>
      </Form>
    </Sheet>
  );
}
