import { describePart, type Part } from "@roost/contract/part";
import { isUntrusted, joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import { noteOfAnswer, noteOfCorrections, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { partsOf, type StoredMessage } from "../sessions/message.ts";
import { readTranscript } from "../sessions/read-transcript.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { changingNames } from "./changing-sections.ts";
import type { LabelledSection } from "./section.ts";
import { withheld } from "./show-trusted.ts";

const messagesMax = 20;
const charsMax = 6_000;

/** The latest messages of the main conversation, for heartbeats. */
export async function readMainConversation(
  memory: Memory,
  viewer: Viewer,
  corrections: readonly Correction[] = [],
): Promise<LabelledSection[]> {
  const { database, labelSets } = memory.kernel;
  const { messages } = await readTranscript(memory, "main", { limit: messagesMax, asAgents: true });
  const said = messages
    .map((message) => ({ ...message, text: [message.text, ...partsOf(message.content).map(named)].join(" ").trim() }))
    .filter(({ text, role }) => text !== "" && (role === "user" || role === "assistant"));
  const lines: string[] = [];
  let labels = openLabels;
  for (const message of said) {
    const ofMessage = await labelSets.read(database, message.labels);
    if (!mayKnow(viewer, ofMessage)) continue;
    const text = textOf(message, ofMessage);
    const note = (message.role === "user" ? noteOfCorrections : noteOfAnswer)(text, corrections, message.runId);
    lines.push(`${message.role === "user" ? "person" : "you"}: ${text}${note === undefined ? "" : `\n${note}`}`);
    if (!isUntrusted(ofMessage)) labels = joinLabels(labels, ofMessage);
  }
  if (lines.length === 0) return [];
  return [{ name: changingNames.mainConversation, text: lines.join("\n").slice(-charsMax).toWellFormed(), labels }];
}

function named(part: Part): string {
  return `[${describePart(part)}]`;
}

function textOf({ text, runId }: StoredMessage, labels: Labels): string {
  if (!isUntrusted(labels)) return text;
  const where = runId === null ? "read_log" : `read_run ${runId}`;
  return withheld("what was said", { charCount: text.length, labels, where });
}
