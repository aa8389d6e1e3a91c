/** Questions of the answer that is under way, which the person answers in the conversation itself. Approvals are none of them: what they are of stands in the inbox. */
import type { Event } from "@roost/contract/operations";

export interface AskedQuestion {
  id: string;
  runId: string;
  /** None: any text answers it. */
  choices: readonly string[];
}

export interface OpenQuestions {
  note(event: Event): void;
  /** The one that was asked first. */
  first(): AskedQuestion | undefined;
  /** It was answered here. */
  close(questionId: string): void;
}

export function createOpenQuestions(): OpenQuestions {
  const open = new Map<string, AskedQuestion>();
  return {
    note(event) {
      const asked = event.type === "question.asked" ? readAsked(event) : undefined;
      if (asked !== undefined) open.set(asked.id, asked);
      if (event.type === "question.answered") open.delete(String(event.data["questionId"]));
      // Answered, or waited for long enough.
      if (event.type === "run.resumed")
        for (const { id, runId } of open.values()) if (runId === event.subject) open.delete(id);
    },
    first: () => open.values().next().value,
    close: (questionId) => void open.delete(questionId),
  };
}

/** Undefined: it asks for an approval. */
export function readAsked({ data }: Event): AskedQuestion | undefined {
  const choices = Array.isArray(data["choices"]) ? data["choices"].map(String) : [];
  if (choices.includes("approve")) return undefined;
  return { id: String(data["questionId"]), runId: String(data["runId"]), choices };
}

/** The choice that is meant, by its name or its number. Undefined: the line is none of them. */
export function readChosen({ choices }: AskedQuestion, line: string): string | undefined {
  if (choices.length === 0) return line;
  const said = line.toLowerCase();
  return (
    choices.find((choice) => choice.toLowerCase() === said) ??
    (/^\d+$/.test(said) ? choices[Number(said) - 1] : undefined)
  );
}
