/** A field of a form with its name, what it is for, and why what stands in it cannot be. */
import { useId, type ComponentProps, type ReactNode } from "react";
import styles from "./Form.module.css";

interface FieldNotes {
  label: string;
  hint?: ReactNode;
  /** Why it cannot be so. */
  refusal?: string | undefined;
  /** Takes the whole row of its form. */
  isWide?: boolean;
}

type TextFieldProps = FieldNotes &
  Omit<ComponentProps<"input">, "id" | "onChange"> & { onText: (text: string) => void };

export function TextField({ label, hint, refusal, isWide, onText, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Framed {...{ id, label, hint, refusal, isWide }}>
      <input
        id={id}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={refusal !== undefined || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onText(event.target.value)}
        {...rest}
      />
    </Framed>
  );
}

type AreaFieldProps = FieldNotes &
  Omit<ComponentProps<"textarea">, "id" | "onChange"> & { onText: (text: string) => void };

export function AreaField({ label, hint, refusal, isWide = true, onText, ...rest }: AreaFieldProps) {
  const id = useId();
  return (
    <Framed {...{ id, label, hint, refusal, isWide }}>
      <textarea
        id={id}
        rows={4}
        aria-invalid={refusal !== undefined || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onText(event.target.value)}
        {...rest}
      />
    </Framed>
  );
}

export interface ChoiceFieldProps extends FieldNotes {
  value: string;
  items: readonly { id: string; name: string }[];
  onChoose: (id: string) => void;
}

export function ChoiceField({ label, hint, refusal, isWide, value, items, onChoose }: ChoiceFieldProps) {
  const id = useId();
  return (
    <Framed {...{ id, label, hint, refusal, isWide }}>
      <select id={id} value={value} aria-describedby={`${id}-hint`} onChange={(event) => onChoose(event.target.value)}>
        {items.map((item) => (
          <option key={item.id} value={item.id}>
            {item.name}
          </option>
        ))}
      </select>
    </Framed>
  );
}

function Framed({
  id,
  label,
  hint,
  refusal,
  isWide,
  children,
}: Omit<FieldNotes, "isWide"> & { id: string; isWide: boolean | undefined; children: ReactNode }) {
  return (
    <div className={styles.field} data-wide={isWide === true || undefined}>
      <label htmlFor={id}>{label}</label>
      {children}
      <small
        id={`${id}-hint`}
        data-bad={refusal !== undefined || undefined}
        role={refusal === undefined ? undefined : "alert"}
      >
        {refusal ?? hint}
      </small>
    </div>
  );
}

interface FormProps extends ComponentProps<"form"> {
  onSend: () => void;
}

/** Fields beside each other where there is room. */
export function Form({ onSend, children, className = "", ...rest }: FormProps) {
  return (
    <form
      className={`${styles.form} ${className}`}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
      {...rest}
    >
      {children}
    </form>
  );
}

/** The last row of a form: its buttons, and why the gateway refused what they sent. */
export function FormEnd({ refusal, children }: { refusal: string | undefined; children: ReactNode }) {
  return (
    <div className={styles.end}>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
      {children}
    </div>
  );
}
