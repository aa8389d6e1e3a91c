/** Where one writes: text and files, sent with Enter on a desk and with the button on a phone. Sends nothing itself. */
import { useEffect, useRef, useState, type ClipboardEvent, type DragEvent, type KeyboardEvent } from "react";
import { Icon } from "../../parts/Icon.tsx";
import { IconButton } from "../../parts/IconButton.tsx";
import { formatBytes } from "../../parts/format.ts";
import styles from "./Composer.module.css";

export interface ComposerProps {
  to: string;
  /** The text of a message that is written anew. */
  edited: string | undefined;
  onCancelEdit: () => void;
  isActive: boolean;
  onStop: () => void;
  /** Rejects when it was not sent; the text then stays. */
  onSend: (text: string, files: readonly File[]) => Promise<void>;
}

const filesMax = 8;

export function Composer({ to, edited, onCancelEdit, isActive, onStop, onSend }: ComposerProps) {
  const [text, setText] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const [isSending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (edited === undefined) return;
    setText(edited);
    field.current?.focus();
  }, [edited]);
  const canSend = !isSending && (text.trim() !== "" || files.length > 0);
  const send = () => {
    if (!canSend) return;
    setSending(true);
    setRefusal(undefined);
    onSend(text.trim(), files)
      .then(
        () => {
          setText("");
          setFiles([]);
        },
        (error: Error) => setRefusal(error.message),
      )
      .finally(() => {
        setSending(false);
        field.current?.focus();
      });
  };
  const add = (list: FileList | null) => {
    if (list !== null && list.length > 0) setFiles((before) => [...before, ...list].slice(0, filesMax));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && edited !== undefined) onCancelEdit();
    // On a phone Enter makes a new line.
    if (
      event.key !== "Enter" ||
      event.shiftKey ||
      event.nativeEvent.isComposing ||
      matchMedia("(pointer: coarse)").matches
    )
      return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event: DragEvent) => {
        event.preventDefault();
        add(event.dataTransfer.files);
      }}
    >
      {edited !== undefined && <EditNote onCancel={onCancelEdit} />}
      {refusal !== undefined && (
        <p className={styles.refusal} role="alert">
          {refusal}
        </p>
      )}
      <FileChips files={files} onRemove={(file) => setFiles(files.filter((one) => one !== file))} />
      <div className={styles.row}>
        <IconButton icon="paperclip" label="Add files" onClick={() => picker.current?.click()} />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files"
          onChange={(event) => add(event.target.files)}
        />
        <textarea
          ref={field}
          rows={1}
          value={text}
          aria-label={`Message to ${to}`}
          placeholder={`Message ${to}`}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={(event: ClipboardEvent) => add(event.clipboardData.files)}
        />
        <SendButton canStop={isActive && text === ""} canSend={canSend} onStop={onStop} />
      </div>
    </form>
  );
}

function EditNote({ onCancel }: { onCancel: () => void }) {
  return (
    <p className={styles.edit}>
      <Icon name="pencil" size={13} /> Sending takes back the old message and all that came after it; what was done is
      not undone.
      <button type="button" onClick={onCancel}>
        Leave it
      </button>
    </p>
  );
}

function FileChips({ files, onRemove }: { files: readonly File[]; onRemove: (file: File) => void }) {
  if (files.length === 0) return null;
  return (
    <ul className={styles.files} aria-label="Files to send">
      {files.map((file, index) => (
        <li key={`${file.name}:${index}`}>
          <Icon name="file-text" size={13} /> {file.name} <small>{formatBytes(file.size)}</small>
          <IconButton icon="x" label={`Leave ${file.name} out`} size={13} onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}

function SendButton({ canStop, canSend, onStop }: { canStop: boolean; canSend: boolean; onStop: () => void }) {
  if (canStop)
    return (
      <button
        type="button"
        className={styles.send}
        data-stop
        title="Stop the answer"
        aria-label="Stop the answer"
        onClick={onStop}
      >
        <Icon name="square" size={14} />
      </button>
    );
  return (
    <button type="submit" className={styles.send} disabled={!canSend} aria-label="Send" title="Send">
      <Icon name="arrow-up" size={17} />
    </button>
  );
}
