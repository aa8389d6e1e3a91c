/** Goes through the inbox: each entry is shown, answered with a key, skipped or left for later. */
import { toRoostError } from "@roost/base";
import { plainLine, plainText } from "@roost/base/text-width";
import type { InboxEntryRecord, QuestionRecord } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";
import type { Terminal } from "../print/create-terminal.ts";

/** Undefined: the person has left. */
export type Ask = (prompt: string) => Promise<string | undefined>;

export interface AnswerInboxOptions {
  client: Pick<RoostClient, "answerQuestion" | "resolveStep" | "readFailure" | "acceptFact" | "removeFact">;
  items: readonly InboxEntryRecord[];
  show: (entry: InboxEntryRecord) => void;
  ask: Ask;
  terminal: Pick<Terminal, "line" | "note">;
}

interface Choice {
  key: string;
  /** "approve" */
  name: string;
  act: () => Promise<unknown>;
}

/** How often an entry is asked again, so that pressing only Enter ends it. */
const triesMax = 20;

export async function answerInbox(options: AnswerInboxOptions): Promise<{ answeredCount: number; leftCount: number }> {
  let answeredCount = 0;
  for (const [index, entry] of options.items.entries()) {
    if (index > 0) options.terminal.line();
    options.show(entry);
    const outcome = await answerEntry(options, entry);
    if (outcome === "answered") answeredCount += 1;
    if (outcome === "left") break;
  }
  return { answeredCount, leftCount: options.items.length - answeredCount };
}

async function answerEntry(
  { client, ask, terminal }: AnswerInboxOptions,
  entry: InboxEntryRecord,
): Promise<"answered" | "skipped" | "left"> {
  const choices = choicesOf(client, entry);
  const isFree = "question" in entry && entry.question.choices === null;
  const keys = [...choices.map(({ key, name }) => `${key} ${name}`), "n next", "q leave"].join(", ");
  for (let tries = 0; tries < triesMax; tries += 1) {
    const said = (await ask(isFree ? "your answer (Enter: next, q: leave) > " : `${keys} > `))?.trim();
    if (said === undefined || said === "q") return "left";
    if (said === "n" || (isFree && said === "")) return "skipped";
    const act =
      isFree && "question" in entry
        ? () => client.answerQuestion({ questionId: entry.question.id, answer: said })
        : choices.find(({ key, name }) => key === said || name === said)?.act;
    if (act === undefined) {
      terminal.line(`${plainLine(said) || "An empty line"} is none of: ${keys}`);
      continue;
    }
    try {
      await act();
      return "answered";
    } catch (error) {
      // Answered elsewhere meanwhile, or the gateway is away: the next one may go.
      terminal.note(plainText(toRoostError(error).message), "bad");
      return "skipped";
    }
  }
  return "skipped";
}

function choicesOf(client: AnswerInboxOptions["client"], entry: InboxEntryRecord): Choice[] {
  if (entry.kind === "failure") {
    const { what } = entry;
    return [{ key: "d", name: "read, done", act: () => client.readFailure({ what }) }];
  }
  if (entry.kind === "unknown") {
    const { runId, seq } = entry;
    const settle = (outcome: "done" | "failed" | "not_done") => () => client.resolveStep({ runId, seq, outcome });
    return [
      { key: "d", name: "it was done", act: settle("done") },
      { key: "f", name: "it failed", act: settle("failed") },
      { key: "x", name: "it never happened, do it again", act: settle("not_done") },
    ];
  }
  if (entry.kind === "claim") {
    const { id: factId } = entry.fact;
    return [
      { key: "a", name: "it is so", act: () => client.acceptFact({ factId }) },
      { key: "x", name: "it is not so", act: () => client.removeFact({ factId, reason: "taken back in the inbox" }) },
    ];
  }
  return choicesOfQuestion(client, entry.question);
}

const approvalKeys = new Map([
  ["approve", "a"],
  ["refuse", "r"],
  ["approve-session", "s"],
  ["approve-job", "j"],
  ["approve-always", "w"],
]);

function choicesOfQuestion(client: AnswerInboxOptions["client"], { id, kind, choices }: QuestionRecord): Choice[] {
  return (choices ?? []).map((name, index) => ({
    key: (kind === "approval" ? approvalKeys.get(name) : undefined) ?? String(index + 1),
    name,
    act: () => client.answerQuestion({ questionId: id, answer: name }),
  }));
}
