/** Conversations in the form of LoCoMo (Maharana et al. 2024), each a document of recall with its questions. */
import { readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";
import { mainLabels } from "@roost/contract/labels";
import type { IndexedDocument } from "@roost/memory";
import { z } from "zod";

/** By the number that LoCoMo gives them. */
const kinds: Readonly<Record<number, string>> = {
  1: "multi-hop",
  2: "temporal",
  3: "open-domain",
  4: "single-hop",
  5: "adversarial",
};

const Turn = z.object({
  speaker: z.string(),
  dia_id: z.string(),
  text: z.string().default(""),
  blip_caption: z.string().optional(),
});
const Conversations = z.array(
  z.object({
    sample_id: z.string(),
    qa: z.array(z.object({ question: z.string(), evidence: z.array(z.string()).default([]), category: z.number() })),
    conversation: z.record(z.string(), z.unknown()),
  }),
);

interface Question {
  text: string;
  kind: string;
  /** Ids of turns. */
  evidence: ReadonlySet<string>;
}

export interface LocomoConversation {
  id: string;
  document: IndexedDocument;
  questions: Question[];
}

/** @throws RoostError `invalid_input` when no file is named or it is not in that form, `not_found` when it cannot be read */
export async function readConversations(path: string | undefined): Promise<LocomoConversation[]> {
  if (path === undefined)
    throw new RoostError(
      "invalid_input",
      "recall is measured on a file of conversations: npm run bench -- recall locomo10.json (github.com/snap-research/locomo, data/)",
    );
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new RoostError("not_found", `${path} could not be read`, { cause });
  });
  const read = Conversations.safeParse(JSON.parse(text));
  if (!read.success)
    throw new RoostError("invalid_input", `${path} is not in LoCoMo's form: ${z.prettifyError(read.error)}`);
  return read.data.map(({ sample_id: id, qa, conversation }) => {
    const lines = linesOf(conversation);
    const known = new Set(lines.map(({ ref }) => ref));
    const questions = qa.flatMap(({ question, evidence, category }): Question[] => {
      const ids = new Set(evidence.flatMap((each) => each.match(/D\d+:\d+/g) ?? []).filter((each) => known.has(each)));
      return ids.size === 0 ? [] : [{ text: question, kind: kinds[category] ?? `kind ${category}`, evidence: ids }];
    });
    return { id, questions, document: { kind: "conversation", ref: id, version: "1", lines } };
  });
}

function linesOf(conversation: Readonly<Record<string, unknown>>): IndexedDocument["lines"][number][] {
  const lines: IndexedDocument["lines"][number][] = [];
  for (let number = 1; conversation[`session_${number}_date_time`] !== undefined; number += 1) {
    const at = parseMoment(String(conversation[`session_${number}_date_time`]));
    for (const turn of z.array(Turn).parse(conversation[`session_${number}`] ?? [])) {
      const { speaker, dia_id: ref, text, blip_caption: caption } = turn;
      const shown = caption === undefined ? text : `${text} [image: ${caption}]`;
      lines.push({ ref, saidBy: speaker, at, text: shown, labels: mainLabels });
    }
  }
  return lines;
}

/** `1:56 pm on 8 May, 2023` */
function parseMoment(text: string): Date {
  const [, hour, minute, half, day] = /^(\d+):(\d+) (am|pm) on (.+)$/.exec(text.trim()) ?? [];
  const at = new Date(`${day} ${hour}:${minute} ${half} UTC`);
  if (Number.isNaN(at.getTime()))
    throw new RoostError("invalid_input", `"${text}" is not a moment like 1:56 pm on 8 May, 2023`);
  return at;
}
