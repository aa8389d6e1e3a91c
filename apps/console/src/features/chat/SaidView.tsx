/** One entry of a conversation: what a person or an agent said, a call, a note. */
import { memo } from "react";
import { Link } from "wouter";
import { Icon } from "../../parts/Icon.tsx";
import { IconButton } from "../../parts/IconButton.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import type { Said } from "./fold-conversation.ts";
import { Markdown } from "./Markdown.tsx";
import { MessageParts } from "./MessageParts.tsx";
import { ToolCard } from "./ToolCard.tsx";
import styles from "./SaidView.module.css";

export interface SaidViewProps {
  said: Said;
  onEdit: (seq: number, text: string) => void;
  onWhy: (runId: string) => void;
}

export const SaidView = memo(function SaidView({ said, onEdit, onWhy }: SaidViewProps) {
  const formats = useTimeFormats();
  switch (said.kind) {
    case "person": {
      const { text, seq, parts, createdAt } = said.message;
      return (
        <article className={styles.person} aria-label="You">
          <div className={styles.bubble}>
            {text}
            <MessageParts parts={parts} />
          </div>
          <p className={styles.actions}>
            <time dateTime={createdAt}>{formats.clock.format(Date.parse(createdAt))}</time>
            <IconButton icon="pencil" label="Edit and send again" size={13} onClick={() => onEdit(seq, text)} />
          </p>
        </article>
      );
    }
    case "agent": {
      const { text, parts, runId, isRehearsed } = said.message;
      return (
        <article className={styles.agent} aria-label="Agent">
          {isRehearsed && <p className={styles.mark}>Rehearsed: there is no model</p>}
          {text !== "" && <Markdown text={text} />}
          <MessageParts parts={parts} />
          {said.tools.map((tool) => (
            <ToolCard key={tool.id} tool={tool} />
          ))}
          {said.tools.length === 0 && runId !== null && (
            <p className={styles.actions}>
              <IconButton icon="copy" label="Copy" size={13} onClick={() => void navigator.clipboard.writeText(text)} />
              <button type="button" className={styles.why} onClick={() => onWhy(runId)}>
                Why did you say that?
              </button>
            </p>
          )}
        </article>
      );
    }
    case "job": {
      const { source, text, runId } = said.message;
      return (
        <p className={styles.note}>
          <Icon name="calendar-clock" size={13} />
          {runId === null ? (
            <span>{text.slice(0, 120)}</span>
          ) : (
            <Link href={`/runs/${runId}`}>{source?.slice(4)} ran</Link>
          )}
        </p>
      );
    }
    case "note":
      return (
        <details className={styles.fold}>
          <summary>{said.message.text.split("\n")[0]?.replace(/^\[Roost\]\s*/, "")}</summary>
          <pre className="verbatim">{said.message.text}</pre>
        </details>
      );
    case "taken-back":
      return (
        <details className={styles.fold}>
          <summary>{said.messages.length} messages were taken back: agents do not read them</summary>
          {said.messages.map(({ id, role, text }) => (
            <pre key={id} className="verbatim">
              {role}: {text}
            </pre>
          ))}
        </details>
      );
  }
});
