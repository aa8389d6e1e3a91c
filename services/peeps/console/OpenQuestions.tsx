/** What peeps asks of the owner, one kind at a time: pairs that may be one person, what messages say of people, and reminders that are due. */
import { useReading } from "@roost/console/live/use-reading";
import { Blank, Unread } from "@roost/console/parts/Blank";
import { Button } from "@roost/console/parts/Button";
import { Sheet } from "@roost/console/parts/Sheet";
import { useAct } from "@roost/console/parts/use-act";
import type { ReactNode } from "react";
import type { FactRecord } from "../contract/facts.ts";
import { PersonLine } from "./PersonLine.tsx";
import { usePeeps } from "./use-peeps.ts";
import { useToday } from "./use-today.ts";
import styles from "./OpenQuestions.module.css";

export type OpenList = "pairs" | "facts" | "reminders";

export interface OpenQuestionsProps {
  list: OpenList;
  onClose: () => void;
  onChange: () => void;
}

const titles: Readonly<Record<OpenList, string>> = {
  pairs: "Perhaps one person",
  facts: "What messages say",
  reminders: "Due today",
};

interface Question {
  id: string;
  inside: ReactNode;
  choices: readonly { text: string; run: () => Promise<unknown> }[];
}

export function OpenQuestions({ list, onClose, onChange }: OpenQuestionsProps) {
  const readQuestions = useQuestions();
  const { value, error, reload } = useReading(`people:open:${list}`, readQuestions[list]);
  const onDone = () => {
    reload();
    onChange();
  };
  return (
    <Sheet title={titles[list]} onClose={onClose}>
      {value === undefined && (
        <Unread label="Reading" rows={4} rowPx={96} what="The list" error={error} onRetry={reload} />
      )}
      {value?.length === 0 && <Blank icon="check" title="All is answered" />}
      {value?.map((question) => (
        <QuestionCard key={question.id} question={question} onDone={onDone} />
      ))}
    </Sheet>
  );
}

function QuestionCard({ question, onDone }: { question: Question; onDone: () => void }) {
  const { isBusy, refusal, act } = useAct(onDone);
  return (
    <article className={styles.card}>
      {question.inside}
      <div className={styles.choices}>
        {question.choices.map(({ text, run }, index) => (
          <Button
            key={text}
            size="small"
            look={index === 0 ? "main" : "plain"}
            isBusy={isBusy}
            onClick={() => act(run)}
          >
            {text}
          </Button>
        ))}
      </div>
      {refusal !== undefined && (
        <p className={styles.refusal} role="alert">
          {refusal}
        </p>
      )}
    </article>
  );
}

function useQuestions(): Readonly<Record<OpenList, () => Promise<Question[]>>> {
  const peeps = usePeeps();
  const today = useToday();
  return {
    async pairs() {
      const { items } = await peeps.listSuggestions({ limit: 50 });
      const answer = (suggestionId: string, areOne: boolean) => () => peeps.answerSuggestion({ suggestionId, areOne });
      return items.map(({ id, person, other, reasons }) => ({
        id,
        inside: (
          <>
            <PersonLine person={person} />
            <PersonLine person={other} />
            <p className={styles.why}>{reasons.join("; ")}</p>
          </>
        ),
        choices: [
          { text: "They are one", run: answer(id, true) },
          { text: "Keep apart", run: answer(id, false) },
        ],
      }));
    },
    async facts() {
      const { items } = await peeps.listFacts({ limit: 50 });
      const answer = (factId: string, isTrue: boolean) => () => peeps.answerFact({ factId, isTrue });
      return items.map((fact) => ({
        id: fact.id,
        inside: (
          <>
            <p>
              <b>{fact.name}</b>: {tellFact(fact)}
            </p>
            <blockquote className={styles.quote}>{fact.quote}</blockquote>
          </>
        ),
        choices: [
          { text: "It is so", run: answer(fact.id, true) },
          { text: "It is not", run: answer(fact.id, false) },
        ],
      }));
    },
    async reminders() {
      const { items } = await peeps.listReminders({ limit: 50, until: today });
      return items.map(({ id, name, text, dueOn, every }) => ({
        id,
        inside: (
          <>
            <p>
              <b>{name}</b>: {text}
            </p>
            <p className={styles.why}>
              {dueOn}
              {every !== null && `, every ${every}`}
            </p>
          </>
        ),
        choices: dueOn === null ? [] : [{ text: "Done", run: () => peeps.finishReminder({ reminderId: id, dueOn }) }],
      }));
    },
  };
}

export function tellFact({ kind, value, relation }: FactRecord): string {
  return kind === "relation" ? `${relation ?? "knows"} is ${value}` : `${kind} ${value}`;
}
