/** One question, approval or unknown outcome, with everything one needs to answer it in place. */
import type { QuestionRecord } from "@roost/contract/operations";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useConsole, useNow } from "../live/console-context.ts";
import { Button } from "./Button.tsx";
import { formatAgo } from "./format.ts";
import { isTyping } from "./is-typing.ts";
import { JsonView } from "./JsonView.tsx";
import { StateMark } from "./StateMark.tsx";
import styles from "./NeedCard.module.css";

export interface NeedCardProps {
  question: QuestionRecord;
  /** Answered by keys, too: A for the first choice, D for the second. */
  isFirst?: boolean;
  /** Shows all of it from the start. */
  isOpen?: boolean;
}

const kindNames: Readonly<Record<QuestionRecord["kind"], string>> = {
  question: "asks",
  approval: "wants to do this",
  resolution: "does not know whether this happened",
};

export function NeedCard({ question, isFirst = false, isOpen = false }: NeedCardProps) {
  const { client, feed } = useConsole();
  const now = useNow();
  const [sent, setSent] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  const [text, setText] = useState("");
  const answer = (given: string) => {
    if (sent !== undefined) return;
    setSent(given);
    setRefusal(undefined);
    client.answerQuestion({ questionId: question.id, answer: given }).then(feed.read, (error: Error) => {
      setSent(undefined);
      setRefusal(error.message);
    });
  };
  const { choices, approval, kind, prompt, agent, runId, askedAt } = question;
  useAnswerKeys(isFirst ? choices : null, answer);
  return (
    <article className={styles.card} data-kind={kind} aria-label={prompt.slice(0, 80)}>
      <p className={styles.from}>
        <StateMark state={kind === "resolution" ? "unknown" : "waiting"} />
        <b>{agent ?? "Roost"}</b> {kindNames[kind]} <span>{formatAgo(now - Date.parse(askedAt))}</span>
      </p>
      <h2 className={styles.prompt}>{prompt}</h2>
      {approval !== null && (
        <details className={styles.call} open={isOpen}>
          <summary>
            <span className="mono">{approval.tool}</span> with what
          </summary>
          {approval.diff === null ? (
            <JsonView value={approval.input} />
          ) : (
            <pre className={styles.diff}>{approval.diff}</pre>
          )}
          <p>{approval.reason}</p>
        </details>
      )}
      {choices === null ? (
        <form
          className={styles.free}
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== "") answer(text.trim());
          }}
        >
          <input
            value={text}
            aria-label="Your answer"
            placeholder="Your answer"
            onChange={(event) => setText(event.target.value)}
          />
          <Button look="main" type="submit" disabled={text.trim() === ""} isBusy={sent !== undefined}>
            Send
          </Button>
        </form>
      ) : (
        <div className={styles.choices}>
          {choices.map((choice, index) => (
            <Button
              key={choice}
              look={index === 0 ? "main" : "plain"}
              isBusy={sent !== undefined}
              onClick={() => answer(choice)}
              {...(isFirst && index < answerKeys.length ? { shortcut: answerKeys[index]?.toUpperCase() ?? "" } : {})}
            >
              {choice}
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

const answerKeys = ["a", "d"];

function useAnswerKeys(choices: readonly string[] | null, answer: (choice: string) => void): void {
  useEffect(() => {
    if (choices === null) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      const choice = choices[answerKeys.indexOf(event.key)];
      if (choice !== undefined) answer(choice);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
