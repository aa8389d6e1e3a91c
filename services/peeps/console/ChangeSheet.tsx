/** What one types of a person stands before what books and messages say; an emptied field takes that back. */
import { Button } from "@roost/console/parts/Button";
import { Form, FormEnd, TextField } from "@roost/console/parts/Form";
import { Sheet } from "@roost/console/parts/Sheet";
import { useAct } from "@roost/console/parts/use-act";
import { useState } from "react";
import type { PersonRecord } from "../contract/records.ts";
import { usePeeps } from "./use-peeps.ts";

export interface ChangeSheetProps {
  person: PersonRecord;
  onClose: () => void;
  onChange: () => void;
}

export function ChangeSheet({ person, onClose, onChange }: ChangeSheetProps) {
  const peeps = usePeeps();
  const [name, setName] = useState(person.name);
  const [organization, setOrganization] = useState(person.organization ?? "");
  const [title, setTitle] = useState(person.title ?? "");
  const [tags, setTags] = useState(person.tags.join(", "));
  const [days, setDays] = useState(person.keepInTouchDays === null ? "" : String(person.keepInTouchDays));
  const { isBusy, refusal, act } = useAct(() => {
    onChange();
    onClose();
  });
  const wanted = days.trim() === "" ? null : Number(days);
  const isNumber = wanted === null || (Number.isInteger(wanted) && wanted > 0);
  const change = () =>
    peeps.changePerson({
      personId: person.id,
      revision: person.revision,
      name: name.trim() === person.name ? undefined : name.trim(),
      ...textChange("organization", organization, person.organization),
      ...textChange("title", title, person.title),
      ...(wanted === person.keepInTouchDays ? {} : { keepInTouchDays: wanted }),
      tags: tags
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
      ...(person.isListed ? {} : { isListed: true }),
    });
  return (
    <Sheet title={`Change ${person.name}`} onClose={onClose}>
      <Form onSend={() => act(change)}>
        <TextField label="Name" isWide value={name} onText={setName} required />
        <TextField label="Works as" value={title} onText={setTitle} />
        <TextField label="At" value={organization} onText={setOrganization} />
        <TextField label="Tags" hint="With commas between" isWide value={tags} onText={setTags} />
        <TextField
          label="Speak at least every"
          hint="Days; empty: as the tags say"
          isWide
          inputMode="numeric"
          value={days}
          refusal={isNumber ? undefined : "A whole number of days"}
          onText={setDays}
        />
        <FormEnd refusal={refusal}>
          <Button type="submit" look="main" isBusy={isBusy} disabled={name.trim() === "" || !isNumber}>
            Save
          </Button>
          <Button look="quiet" onClick={onClose}>
            Leave it
          </Button>
        </FormEnd>
      </Form>
    </Sheet>
  );
}

function textChange(field: "organization" | "title", typed: string, before: string | null) {
  const text = typed.trim();
  return text === (before ?? "") ? {} : { [field]: text === "" ? null : text };
}
