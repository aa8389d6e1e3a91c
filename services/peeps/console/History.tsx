/** What was said with a person and noted of them, by day, the latest first; older messages come when they are asked for. */
import { useNow } from "@roost/console/live/console-context";
import { usePages } from "@roost/console/live/use-pages";
import { Unread } from "@roost/console/parts/Blank";
import { Button } from "@roost/console/parts/Button";
import { formatMoment } from "@roost/console/parts/format";
import { Icon } from "@roost/console/parts/Icon";
import { SureButton } from "@roost/console/parts/SureButton";
import { useTimeFormats } from "@roost/console/parts/time-formats";
import { useAct } from "@roost/console/parts/use-act";
import type { NoteRecord, PeepsMessageRecord } from "../contract/records.ts";
import { usePeeps } from "./use-peeps.ts";
import styles from "./History.module.css";

export interface HistoryProps {
  personId: string;
  notes: readonly NoteRecord[];
  onChange: () => void;
}

type Entry = { at: string; note: NoteRecord } | { at: string; message: PeepsMessageRecord };

const pageSize = 40;

export function History({ personId, notes, onChange }: HistoryProps) {
  const peeps = usePeeps();
  const { rows, error, isWhole, readMore, reload } = usePages<PeepsMessageRecord>(
    `person:${personId}:messages`,
    (after) => peeps.listMessages({ personId, limit: pageSize, after }),
  );
  if (rows === undefined)
    return (
      <Unread label="Reading what was said" rows={6} rowPx={52} what="What was said" error={error} onRetry={reload} />
    );
  // Notes that are older than the messages that are read wait for these.
  const oldest = isWhole ? "" : (rows.at(-1)?.sentAt ?? "");
  const entries: Entry[] = [
    ...rows.map((message) => ({ at: message.sentAt, message })),
    ...notes.filter(({ at }) => at >= oldest).map((note) => ({ at: note.at, note })),
  ].toSorted((one, other) => (one.at < other.at ? 1 : -1));
  return (
    <section className={styles.history}>
      <h2 className="part-title">Said and noted</h2>
      {entries.length === 0 && <p className={styles.none}>Nothing yet.</p>}
      <ol>
        {entries.map((entry) =>
          "note" in entry ? (
            <NoteEntry key={entry.note.id} note={entry.note} onChange={onChange} />
          ) : (
            <MessageEntry key={entry.message.id} message={entry.message} />
          ),
        )}
      </ol>
      {!isWhole && (
        <Button look="quiet" onClick={readMore}>
          Earlier messages
        </Button>
      )}
    </section>
  );
}

function When({ at }: { at: string }) {
  const formats = useTimeFormats();
  const now = useNow();
  return <time dateTime={at}>{formatMoment(Date.parse(at), now, formats)}</time>;
}

function NoteEntry({ note, onChange }: { note: NoteRecord; onChange: () => void }) {
  const peeps = usePeeps();
  const { isBusy, refusal, act } = useAct(onChange);
  return (
    <li className={styles.note}>
      <p className={styles.head}>
        <Icon name="pencil" size={12} /> <span>note</span> <When at={note.at} />
        <SureButton
          icon="x"
          label="Remove the note"
          asks="Remove it?"
          doing="Removing"
          isBusy={isBusy}
          onSure={() => act(() => peeps.removeNote({ noteId: note.id }))}
        />
      </p>
      <p className={styles.text}>{note.text}</p>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}

function MessageEntry({ message }: { message: PeepsMessageRecord }) {
  const { source, conversation, isFromOwner, name, subject, text, isDeleted, attachments, editedAt } = message;
  return (
    <li data-own={isFromOwner || undefined}>
      <p className={styles.head}>
        <span>
          {isFromOwner ? "you" : (name ?? "someone")} · {source}
          {conversation.title !== null && conversation.isGroup && ` · ${conversation.title}`}
          {editedAt !== null && " · edited"}
        </span>{" "}
        <When at={message.sentAt} />
      </p>
      {subject !== null && <p className={styles.subject}>{subject}</p>}
      <p className={styles.text}>{isDeleted ? "taken back" : text}</p>
      {attachments.length > 0 && (
        <p className={styles.files}>
          {attachments.map(({ name: file }, index) => (
            <span key={index}>
              <Icon name="paperclip" size={12} /> {file ?? "a file"}
            </span>
          ))}
        </p>
      )}
    </li>
  );
}
