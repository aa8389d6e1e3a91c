/** Asks the twenty questions at the end of the week: whether the line that answers each is in the prompt, or in what one call answers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "../measure.ts";
import type { Week } from "../week/open-week.ts";
import { weekQuestions, type WeekQuestion } from "./week-questions.ts";

interface Evidence {
  ofRoost(isQuick: boolean): Figure;
  /** `prompt`: of the next turn; its files and the logs of its jobs are one call away. */
  of(name: string, prompt: string, isQuick: boolean): Figure;
}

/** `runs` gives what the runs of a job said. */
export async function findEvidence(week: Week, runs: (jobId: string) => string): Promise<Evidence> {
  const first = week.model.requests.length;
  week.model.setScript(({ toolResults }) =>
    toolResults.length === 0 ? { toolCalls: weekQuestions.map(({ call }) => call) } : "I looked.",
  );
  await week.ask("Twenty questions about the week")();
  const [asked, answered] = week.model.requests.slice(first);
  const prompt = asked?.messages.map(({ content }) => content ?? "").join("\n") ?? "";
  const files = new Map<string, string>();
  for (const { elsewhere } of weekQuestions)
    if ("file" in elsewhere)
      files.set(elsewhere.file, await readFile(join(week.home.directory, elsewhere.file), "utf8").catch(() => ""));
  const sourceOf = ({ elsewhere }: WeekQuestion) =>
    "file" in elsewhere ? files.get(elsewhere.file)! : runs(elsewhere.runsOf);
  return {
    ofRoost: (isQuick) =>
      tell("Roost", isQuick, (question, index) => placeOf(question, prompt, answered?.toolResults[index]?.text ?? "")),
    of: (name, text, isQuick) => tell(name, isQuick, (question) => placeOf(question, text, sourceOf(question))),
  };
}

type Place = "in the prompt" | "one call away" | "missing";

function placeOf({ evidence }: WeekQuestion, prompt: string, answer: string): Place {
  if (prompt.includes(evidence)) return "in the prompt";
  return answer.includes(evidence) ? "one call away" : "missing";
}

function tell(name: string, isQuick: boolean, find: (question: WeekQuestion, index: number) => Place): Figure {
  const places = weekQuestions.map((question, index) => ({ asks: question.asks, place: find(question, index) }));
  const of = (place: Place) => places.filter((each) => each.place === place);
  const missing = of("missing").map(({ asks }) => asks);
  const count = places.length - missing.length;
  return {
    name: `questions about the week of which ${name} has the answer`,
    value: `${count} of ${places.length}`,
    details: `${of("in the prompt").length} in the prompt of the next turn, ${of("one call away").length} one call away${missing.length === 0 ? "" : `; missing: ${missing.join(" ")}`}`,
    ...(isQuick ? {} : { aim: "all", isMet: missing.length === 0 }),
  };
}
