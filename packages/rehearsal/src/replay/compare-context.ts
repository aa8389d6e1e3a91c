/**
 * Compares what the run was told with what it would be told today. Definitions (instructions, home files, skills, prompt) are compared; what
 * depends on the moment (notes, states, conversation, time) stays as recorded.
 */
import type { AgentContext } from "@roost/agent";
import { canonicalJson } from "@roost/base";
import { isChangingSection, isMomentMessage } from "@roost/memory";
import { firstDifference } from "./first-difference.ts";

type Section = AgentContext["sections"][number];

export interface ContextDifference {
  part: string;
  recorded: string | null;
  replayed: string | null;
  isUntrusted: boolean;
}

export interface ComparedContext {
  differences: ContextDifference[];
  /** Names of parts that differ because of the moment. */
  living: string[];
}

/** `isTold`: the session has a conversation or a digest before the prompt; otherwise all messages follow from the run itself. */
export function compareContext(
  recorded: AgentContext,
  present: AgentContext,
  { isTold }: { isTold: boolean },
): ComparedContext {
  const differences: ContextDifference[] = [];
  const living: string[] = [];
  const names = [...new Set([...recorded.sections, ...present.sections].map(({ name }) => name))];
  for (const name of names) {
    const [before, after] = [sectionOf(recorded, name), sectionOf(present, name)];
    if (canonicalJson(before) === canonicalJson(after)) continue;
    if (isChangingSection(name)) living.push(name);
    else differences.push(...differing(name, before, after));
  }
  const [asked, nowAsked] = [recorded.messages.at(-1), present.messages.at(-1)];
  differences.push(...differing("what is asked", asked, nowAsked));
  const [before, now] = [recorded, present].map(({ messages }) =>
    messages.slice(0, -1).filter((message) => !isMomentMessage(message)),
  ) as [AgentContext["messages"], AgentContext["messages"]];
  const moments = [recorded, present].map(({ messages }) => canonicalJson(messages.filter(isMomentMessage)));
  if (moments[0] !== moments[1]) living.push("the moment");
  if (!isTold)
    for (let place = 0; place < Math.max(before.length, now.length); place += 1)
      differences.push(...differing(`message ${place + 1}`, before[place], now[place]));
  else if (canonicalJson(before) !== canonicalJson(now)) living.push("the conversation before");
  return { differences, living };
}

function sectionOf({ sections }: AgentContext, name: string): Section | undefined {
  return sections.find((section) => section.name === name);
}

type Told = Section | AgentContext["messages"][number];

function differing(name: string, before: Told | undefined, after: Told | undefined): ContextDifference[] {
  const isUntrusted = [before, after].some((told) => told !== undefined && "isUntrusted" in told && told.isUntrusted);
  const texts = firstDifference(before?.text, after?.text) ?? firstDifference(before, after);
  return texts === undefined
    ? []
    : [{ part: `${name}${texts.at}`, recorded: texts.recorded, replayed: texts.replayed, isUntrusted }];
}
