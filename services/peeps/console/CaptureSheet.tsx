/** Writes something down in passing: one field, one button. The person is found while typing; an unknown one is added. */
import { Button } from "@roost/console/parts/Button";
import { AreaField, Form, FormEnd } from "@roost/console/parts/Form";
import { Sheet } from "@roost/console/parts/Sheet";
import { useAct } from "@roost/console/parts/use-act";
import { useReading } from "@roost/console/live/use-reading";
import { useDeferredValue, useState } from "react";
import { Initials } from "./Initials.tsx";
import { parseCapture } from "./parse-capture.ts";
import { usePeeps } from "./use-peeps.ts";
import styles from "./CaptureSheet.module.css";

export interface CaptureSheetProps {
  /** Of whom, when that is known. */
  person?: { id: string; name: string } | undefined;
  onClose: () => void;
  onKept: (personId: string) => void;
}

interface Target {
  id: string;
  name: string;
}

export function CaptureSheet({ person, onClose, onKept }: CaptureSheetProps) {
  const peeps = usePeeps();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string>();
  const capture = parseCapture(text);
  const wanted = useDeferredValue(capture.name);
  const { value } = useReading(`people:meant:${wanted}`, async () =>
    wanted.length < 2 ? [] : (await peeps.listPeople({ name: wanted, limit: 4 })).items,
  );
  const near = person === undefined ? (value ?? []) : [];
  const target = person ?? pick(near, chosen, capture.name);
  const { isBusy, refusal, act } = useAct(onClose);
  const keep = async () => {
    if (target !== undefined) {
      const note = person === undefined ? capture.note : text.trim();
      for (const handle of capture.handles) await peeps.addHandle({ personId: target.id, ...handle });
      if (note !== "") await peeps.addNote({ personId: target.id, text: note });
      return onKept(target.id);
    }
    const { name, note, handles } = capture;
    const added = await peeps.addPerson({ name, handles, note: note === "" ? undefined : note });
    return onKept(added.person.id);
  };
  const hasSomething = person === undefined ? capture.name !== "" : text.trim() !== "";
  return (
    <Sheet title={person === undefined ? "Write down" : `A note on ${person.name}`} onClose={onClose}>
      <Form onSend={() => act(keep)}>
        <AreaField
          data-first
          label={person === undefined ? "Who, and what" : "What"}
          placeholder={person === undefined ? "Ida Berg: moves to Malmö in May" : "Moves to Malmö in May"}
          hint="An e-mail address or a number with + is kept as a way to reach them."
          value={text}
          onText={setText}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && hasSomething) act(keep);
          }}
        />
        {near.length > 0 && (
          <div className={styles.near} role="group" aria-label="Who is meant">
            {near.map((one) => (
              <button key={one.id} type="button" aria-pressed={target?.id === one.id} onClick={() => setChosen(one.id)}>
                <Initials name={one.name} /> <span>{one.name}</span>
              </button>
            ))}
            <button type="button" aria-pressed={target === undefined} onClick={() => setChosen("new")}>
              A new person
            </button>
          </div>
        )}
        <FormEnd refusal={refusal}>
          <Button type="submit" look="main" icon="check" isBusy={isBusy} disabled={!hasSomething}>
            {labelOf(person === undefined ? target : undefined, capture.name, person !== undefined)}
          </Button>
        </FormEnd>
      </Form>
    </Sheet>
  );
}

/** The person when none was chosen: the exact name, or the only match. */
function pick(near: readonly Target[], chosen: string | undefined, name: string): Target | undefined {
  if (chosen === "new") return undefined;
  const found = near.find(({ id }) => id === chosen);
  if (found !== undefined) return found;
  const same = near.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  if (same.length > 0) return same[0];
  return near.length === 1 && name.length > 0 ? near[0] : undefined;
}

function labelOf(target: Target | undefined, name: string, isOfKnown: boolean): string {
  if (isOfKnown || name === "") return "Keep";
  return target === undefined ? `Add ${name}` : `Keep with ${target.name}`;
}
