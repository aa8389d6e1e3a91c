/** One thing that needs the person, with all one has to know to answer it in place: a question, a call to approve, an unknown outcome, a failure, a claimed fact. */
import { visibleText } from "@roost/base/browser";
import { describeApproval } from "@roost/contract/describe-approval";
import type { InboxEntryRecord } from "@roost/contract/operations";
import { useRef, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { useConsole, useNow } from "../live/console-context.ts";
import { Button } from "./Button.tsx";
import { formatAgo } from "./format.ts";
import { JsonView } from "./JsonView.tsx";
import { StateMark } from "./StateMark.tsx";
import { useTimeFormats } from "./time-formats.ts";
import { useKeys } from "./use-keys.ts";
import styles from "./NeedCard.module.css";

export interface NeedCardProps {
  entry: InboxEntryRecord;
  /** Answered by keys, too: A for the first choice or the field, D for the second, 3 for the third and so on. */
  hasKeys?: boolean;
  /** Shows all of it from the start. */
  isOpen?: boolean;
}

const kinds: Readonly<Record<InboxEntryRecord["kind"], { says: string; state: string }>> = {
  question: { says: "asks", state: "waiting" },
  approval: { says: "wants to do this", state: "waiting" },
  unknown: { says: "does not know whether this happened", state: "unknown" },
  failure: { says: "keeps failing", state: "failed" },
  claim: { says: "says", state: "waiting" },
};

export function NeedCard({ entry, hasKeys = false, isOpen = false }: NeedCardProps) {
  const now = useNow();
  const { isSent, refusal, act } = useActOnce();
  const { kind, title, since } = entry;
  const choices = useChoices(entry);
  useAnswerKeys(hasKeys && !isSent ? choices : [], act);
  const runId = runOf(entry);
  return (
    <article className={styles.card} data-kind={kind} aria-label={title.slice(0, 80)}>
      <p className={styles.from}>
        <StateMark state={kinds[kind].state} />
        <b>{whoOf(entry)}</b> {kinds[kind].says} <span>{formatAgo(now - Date.parse(since))}</span>
      </p>
      <h2 className={styles.prompt}>{visibleText(title)}</h2>
      <More entry={entry} isOpen={isOpen} />
      {choices.length === 0 && "question" in entry ? (
        <FreeAnswer entry={entry} isSent={isSent} act={act} hasKeys={hasKeys} />
      ) : (
        <div className={styles.choices}>
          {choices.map(({ text, run }, index) => (
            <Button
              key={text}
              look={index === 0 && kind !== "failure" ? "main" : "plain"}
              isBusy={isSent}
              onClick={() => act(run)}
              {...(hasKeys ? { shortcut: keyOf(index).toUpperCase() } : {})}
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

function runOf(entry: InboxEntryRecord): string | null {
  if ("question" in entry) return entry.question.runId;
  return entry.kind === "claim" ? null : entry.runId;
}

function whoOf(entry: InboxEntryRecord): string {
  if ("question" in entry) return entry.question.agent ?? "Roost";
  if (entry.kind === "claim") return entry.fact.by;
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
  if (entry.kind === "claim") {
    const { id: factId } = entry.fact;
    return [
      { text: "It is so", run: () => client.acceptFact({ factId }) },
      { text: "It is not so", run: () => client.removeFact({ factId, reason: "taken back on the console" }) },
    ];
  }
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
  const formats = useTimeFormats();
  if (!("question" in entry)) return <p className={styles.reason}>{visibleText(entry.reason)}</p>;
  const { approval, expiresAt } = entry.question;
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
      <p>{describeApproval(approval, expiresAt === null ? undefined : formats.full.format(Date.parse(expiresAt)))}</p>
    </details>
  );
}

interface FreeAnswerProps {
  entry: Extract<InboxEntryRecord, { question: unknown }>;
  isSent: boolean;
  act: (run: () => Promise<unknown>) => void;
  hasKeys: boolean;
}

function FreeAnswer({ entry, isSent, act, hasKeys }: FreeAnswerProps) {
  const { client } = useConsole();
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useKeys(hasKeys, (key, event) => {
    if (key !== keyOf(0)) return;
    event.preventDefault();
    field.current?.focus();
  });
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
        ref={field}
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

function keyOf(index: number): string {
  return answerKeys[index] ?? String(index + 1);
}

function useAnswerKeys(choices: readonly Choice[], act: (run: () => Promise<unknown>) => void): void {
  useKeys(choices.length > 0, (key) => {
    const choice = choices.find((_choice, index) => keyOf(index) === key);
    if (choice !== undefined) act(choice.run);
  });
}
