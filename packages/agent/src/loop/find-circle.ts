// Sees an agent that goes round in circles: the same calls with the same answers, again and again, where only numbers and times change. Pure.

import type { ToolCallPart, ToolMessage } from "../messages/message.ts";

/** One message's calls with their answers, as they are and without numbers. */
export interface Round {
  exact: string;
  calls: string;
  answers: string;
}

/** A circle has at most this many messages. */
const periodMax = 4;
/** How often the same is answered before it is refused. Pages of a table differ in nothing but numbers either, so that takes longer. */
const repeatsMax = { exact: 5, numbers: 10 } as const;
export const roundsKept = periodMax * (repeatsMax.numbers + 1);

/** Numbers, times and ids. */
const changing = /\b[0-9a-f]{8,}\b|\d+/gi;

export function roundOf(calls: readonly ToolCallPart[], answers: readonly ToolMessage[]): Round {
  const exact = callsText(calls);
  return { exact, calls: masked(exact), answers: masked(answers.map(({ text }) => text).join("\n")) };
}

/** How often these calls would only repeat what was answered; undefined: they may bring something new. */
export function findCircle(rounds: readonly Round[], calls: readonly ToolCallPart[]): number | undefined {
  const exact = callsText(calls);
  const next = masked(exact);
  for (let period = 1; period <= periodMax; period += 1) {
    if (rounds.at(-period)?.calls !== next) continue;
    let same = 0;
    let sameExactly = exact === rounds.at(-period)?.exact ? 0 : undefined;
    for (let index = rounds.length - 1; index >= period; index -= 1) {
      const [round, before] = [rounds[index]!, rounds[index - period]!];
      if (round.calls !== before.calls || round.answers !== before.answers) break;
      same += 1;
      if (sameExactly === same - 1 && round.exact === before.exact) sameExactly = same;
    }
    const turns = Math.floor(same / period) + 1;
    const exactTurns = sameExactly === undefined ? 0 : Math.floor(sameExactly / period) + 1;
    if (turns >= repeatsMax.numbers || exactTurns >= repeatsMax.exact) return turns;
  }
  return undefined;
}

function callsText(calls: readonly ToolCallPart[]): string {
  return calls.map(({ toolName, argumentsText }) => `${toolName} ${argumentsText}`).join("\n");
}

function masked(text: string): string {
  return text.replace(changing, "0");
}
