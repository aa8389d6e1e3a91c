/** The form that makes something that has a name: a key, a device's code, a host's command, a hook. */
import { useState, type ReactNode } from "react";
import { Button } from "../../parts/Button.tsx";
import { Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { useAct } from "../../parts/use-act.ts";

interface NameFormProps {
  label: string;
  /** Stands there at first. */
  proposal?: string;
  placeholder?: string;
  /** What the press does. */
  does: string;
  onMake: (name: string) => Promise<unknown>;
  onMade?: () => void;
  /** Further fields. */
  children?: ReactNode;
}

/** What tokens, devices, hosts and hooks are called; the gateway says the same. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const nameHint = "Lower-case letters, digits, dots, - and _";

export function NameForm({ label, proposal = "", placeholder, does, onMake, onMade, children }: NameFormProps) {
  const [name, setName] = useState(proposal);
  const { isBusy, refusal, act } = useAct(() => onMade?.());
  const isName = namePattern.test(name);
  return (
    <Form onSend={() => isName && act(() => onMake(name))}>
      <TextField
        label={label}
        value={name}
        placeholder={placeholder}
        refusal={name === "" || isName ? undefined : nameHint}
        onText={setName}
        autoFocus
      />
      {children}
      <FormEnd refusal={refusal}>
        <Button type="submit" size="small" look="main" isBusy={isBusy} disabled={!isName}>
          {does}
        </Button>
      </FormEnd>
    </Form>
  );
}
