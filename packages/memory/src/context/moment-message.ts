/**
 * Describes the moment: the time and the ages of states. It stands before the prompt and stays in the conversation, so that the next request begins
 * like this one (servers cache prefixes) and each turn has its time.
 */
import { byRoost } from "@roost/agent";
import type { Memory } from "../memory.ts";
import type { ContextMessage } from "../sessions/message.ts";
import type { SessionRow } from "../sessions/session.ts";
import { ageText } from "../state/staleness.ts";
import type { Viewer } from "../visibility/viewer.ts";

const mark = "[Roost] It is ";

export interface MomentOptions {
  viewer: Viewer;
  session: SessionRow | undefined;
  /** The states with their ages. */
  states: string;
}

export function momentMessage(memory: Memory, options: MomentOptions): Extract<ContextMessage, { role: "user" }> {
  const { viewer, session, states } = options;
  const nowMs = memory.kernel.clock.nowMs();
  const lines = [`${mark}${memory.calendar.momentAt(nowMs)}.`];
  if (viewer.kind === "main" && session?.digestAt != null)
    lines.push(`Your last turn in this conversation was ${ageText(nowMs - session.digestAt.getTime())} ago.`);
  if (states !== "") lines.push("State files:", states);
  return { role: "user", text: lines.join("\n"), from: byRoost };
}

/** Whether a message is one of these: they differ at every moment. */
export function isMomentMessage(message: { role: string; text: string }): boolean {
  return message.role === "user" && message.text.startsWith(mark);
}
