/** One thing that needs the person, with all one has to know to answer it in place: a question, a call to approve, an unknown outcome, a failure. */
import { visibleText } from "@roost/base/browser";
import type { InboxEntryRecord } from "@roost/contract/operations";
import { useEffect, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { useConsole, useNow } from "../live/console-context.ts";
import { Button } from "./Button.tsx";
import { formatAgo } from "./format.ts";
import { isTyping } from "./is-typing.ts";
import { JsonView } from "./JsonView.tsx";
import { StateMark } from "./StateMark.tsx";
import styles from "./NeedCard.module.css";

export interface NeedCardProps {
  entry: InboxEntryRecord;
  /** Answered by keys, too: A for the first choice, D for the second. */
  isFirst?: boolean;
  /** Shows all of it from the start. */
  isOpen?: boolean;
}

const kinds: Readonly<Record<InboxEntryRecord["kind"], { says: string; state: string }>> = {
  question: { says: "asks", state: "waiting" },
  approval: { says: "wants to do this", state: "waiting" },
  unknown: { says: "does not know whether this happened", state: "unknown" },
  failure: { says: "keeps failing", state: "failed" },
};

export function NeedCard({ entry, isFirst = false, isOpen = false }: NeedCardProps) {
  const now = useNow();
  const { isSent, refusal, act } = useActOnce();
  const { kind, title, since } = entry;
  const choices = useChoices(entry);
  useAnswerKeys(isFirst && !isSent ? choices : [], act);
  const runId = "question" in entry ? entry.question.runId : entry.runId;
  return (
    <article className={styles.card} data-kind={kind} aria-label={title.slice(0, 80)}>
      <p className={styles.from}>
        <StateMark state={kinds[kind].state} />
        <b>{whoOf(entry)}</b> {kinds[kind].says} <span>{formatAgo(now - Date.parse(since))}</span>
      </p>
      <h2 className={styles.prompt}>{visibleText(title)}</h2>
      <More entry={entry} isOpen={isOpen} />
      {choices.length === 0 && "question" in entry ? (
        <FreeAnswer entry={entry} isSent={isSent} act={act} />
      ) : (
        <div className={styles.choices}>
          {choices.map(({ text, run }, index) => (
            <Button
              key={text}
              look={index === 0 && kind !== "failure" ? "main" : "plain"}
              isBusy={isSent}
              onClick={() => act(run)}
              {...(isFirst && index < answerKeys.length ? { shortcut: answerKeys[index]?.toUpperCase() ?? "" } : {})}
            >
              {text}
            </Button>
          ))}
          {runId !== null && (
            <Link href={`/runs/${runId}`} className={styles.look}>
              See the run
            </Link>
          )}
        </div>
      )}
      {refusal !== undefined && (
        <p className={styles.refusal} role="alert">
          {refusal}
        </p>
      )}
    </article>
  );
}

function whoOf(entry: InboxEntryRecord): string {
  if ("question" in entry) return entry.question.agent ?? "Roost";
  return entry.kind === "failure" ? entry.what.replace(/^job:/, "") : "A run";
}

interface Choice {
  text: string;
  run: () => Promise<unknown>;
}

function useChoices(entry: InboxEntryRecord): Choice[] {
  const { client } = useConsole();
  if ("question" in entry) {
    const { id: questionId, choices } = entry.question;
    return (choices ?? []).map((text) => ({ text, run: () => client.answerQuestion({ questionId, answer: text }) }));
  }
  if (entry.kind === "failure")
    return [{ text: "I have read it", run: () => client.readFailure({ what: entry.what }) }];
  const { runId, seq } = entry;
  const settle = (outcome: "done" | "not_done" | "failed") => () => client.resolveStep({ runId, seq, outcome });
  return [
    { text: "It happened", run: settle("done") },
    { text: "It did not: do it again", run: settle("not_done") },
    { text: "It was refused", run: settle("failed") },
  ];
}

/** Does one thing once; what is refused is said, and can be tried again. */
function useActOnce() {
  const { feed } = useConsole();
  const [isSent, setSent] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const act = (run: () => Promise<unknown>) => {
    if (isSent) return;
    setSent(true);
    setRefusal(undefined);
    run().then(feed.read, (error: Error) => {
      setSent(false);
      setRefusal(error.message);
    });
  };
  return { isSent, refusal, act };
}

function More({ entry, isOpen }: { entry: InboxEntryRecord; isOpen: boolean }): ReactNode {
  if (entry.kind === "failure" || entry.kind === "unknown") return <p className={styles.reason}>{entry.reason}</p>;
  const { approval } = entry.question;
  if (approval === null) return null;
  return (
    <details className={styles.call} open={isOpen}>
      <summary>
        <span className="mono">{approval.tool}</span> with what
      </summary>
      {approval.diff === null ? (
        <JsonView value={approval.input} isWhole />
      ) : (
        <pre className={styles.diff} tabIndex={0}>
          {visibleText(approval.diff)}
        </pre>
      )}
      <p>{visibleText(approval.reason)}</p>
    </details>
  );
}

interface FreeAnswerProps {
  entry: Extract<InboxEntryRecord, { question: unknown }>;
  isSent: boolean;
  act: (run: () => Promise<unknown>) => void;
}

function FreeAnswer({ entry, isSent, act }: FreeAnswerProps) {
  const { client } = useConsole();
  const [text, setText] = useState("");
  const answer = text.trim();
  return (
    <form
      className={styles.free}
      onSubmit={(event) => {
        event.preventDefault();
        if (answer !== "") act(() => client.answerQuestion({ questionId: entry.question.id, answer }));
      }}
    >
      <input
        value={text}
        aria-label="Your answer"
        placeholder="Your answer"
        onChange={(event) => setText(event.target.value)}
      />
      <Button look="main" type="submit" disabled={answer === ""} isBusy={isSent}>
        Send
      </Button>
    </form>
  );
}

const answerKeys = ["a", "d"];

function useAnswerKeys(choices: readonly Choice[], act: (run: () => Promise<unknown>) => void): void {
  useEffect(() => {
    if (choices.length === 0) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      const choice = choices[answerKeys.indexOf(event.key)];
      if (choice !== undefined) act(choice.run);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
