/**
 * Has the small model that the settings name say whom a text is meant for: in a run of its own, so that it is listed, stays within the caps and ends. The run has
 * no tools, and its answer is the number of one that words and vectors found, or of none. A choice counts when the model makes it again among the same in the
 * opposite order: the smallest choose by the place in a list, or by chance.
 */
import { jsonObjectOf, RoostError } from "@roost/base";
import { mainLabels } from "@roost/contract/labels";
import { cancelRun, createRun, type Kernel } from "@roost/kernel";
import { followToEnd } from "../streams/follow-to-end.ts";

/** A person waits; later, they are asked themselves. */
const msDefault = 30_000;
const priority = 10;

export interface Choice {
  name: string;
  about: string;
}

interface Asking {
  text: string;
  choices: readonly Choice[];
  model: string;
  signal: AbortSignal;
  /** Of both questions together. */
  msMax?: number | undefined;
}

/** The index of the one that it chose; undefined: none, not the same twice, or it came to no answer in time. */
export async function askModel(kernel: Kernel, { msMax = msDefault, ...asking }: Asking): Promise<number | undefined> {
  const late = AbortSignal.timeout(msMax);
  const chosen = await askOnce(kernel, asking, late);
  if (chosen === undefined) return undefined;
  const again = await askOnce(kernel, { ...asking, choices: asking.choices.toReversed() }, late);
  return again === asking.choices.length - 1 - chosen ? chosen : undefined;
}

async function askOnce(
  kernel: Kernel,
  { text, choices, model, signal }: Omit<Asking, "msMax">,
  late: AbortSignal,
): Promise<number | undefined> {
  const { runId } = await kernel.transact((tx) =>
    createRun(tx, {
      reason: "whom a message is meant for",
      title: "route",
      input: { model, isQuarantined: true, tools: [], task: taskOf(text, choices), answerForm: formOf(choices.length) },
      agent: "main",
      sessionKind: "subagent",
      priority,
      timeoutMs: msDefault,
      retry: { attemptsMax: 1 },
      labels: mainLabels,
    }),
  );
  try {
    const run = await followToEnd(kernel, runId, AbortSignal.any([signal, late]));
    if (run.state !== "done") return undefined;
    const { number } = JSON.parse(String(jsonObjectOf(run.output)["text"])) as { number: number };
    return number === 0 ? undefined : number - 1;
  } catch (error) {
    await cancelRun(kernel, { runId, by: "routing", reason: "it took too long to say whom a message is meant for" });
    signal.throwIfAborted();
    if (error instanceof RoostError && error.code === "internal") throw error;
    return undefined;
  }
}

function taskOf(text: string, choices: readonly Choice[]): string {
  const lines = choices.map(({ name, about }, index) => `${index + 1}: ${name}${about === name ? "" : ` (${about})`}`);
  return `Which of these is the message meant for? Answer with its number, with 0 for none of them.\n${lines.join("\n")}\n\nThe message, which you do not answer:\n${text}`;
}

function formOf(count: number) {
  const number = { enum: Array.from({ length: count + 1 }, (_, index) => index) };
  const schema = { type: "object", additionalProperties: false, required: ["number"], properties: { number } };
  return { format: { type: "json_schema", name: "choice", schema } };
}
