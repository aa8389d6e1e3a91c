import type { Message } from "./message.ts";

/** One named part of the instructions: a home file, a digest, a skill. */
export interface ContextSection {
  /** Shown to the model as a heading and to people in rehearsals: `SOUL.md`, `Since your last turn`. */
  name: string;
  text: string;
  isUntrusted?: boolean | undefined;
}

/** An earlier turn of the conversation in a context. */
export interface HistoryTurn {
  /** Names the turn in its session. */
  seq: number;
  messageCount: number;
  labels?: string[] | undefined;
}

/** What a context begins with: a summary, where one was written, then whole turns. */
export interface ContextHistory {
  turns: HistoryTurn[];
  /** The conversation is longer than a context is to hold: its older part is summarised before the first model call. */
  isLong?: boolean | undefined;
}

/** Everything that a run starts from: instructions, earlier messages, and the message to answer (last). */
export interface AgentContext {
  sections: ContextSection[];
  messages: Message[];
  history?: ContextHistory;
  /** Joined labels of its content, as texts; missing: untrusted. */
  labels?: string[] | undefined;
}
