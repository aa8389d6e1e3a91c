import type { Message } from "./message.ts";

/** One named part of the instructions: a home file, a digest, a skill. */
export interface ContextSection {
  /** Shown to the model as a heading and to people in rehearsals: `SOUL.md`, `Since your last turn`. */
  name: string;
  text: string;
  isUntrusted?: boolean;
}

/** Everything that a run starts from: instructions, earlier messages, and the message to answer (last). */
export interface AgentContext {
  sections: ContextSection[];
  messages: Message[];
  /** Joined labels of its content, as texts; missing: untrusted. */
  labels?: string[];
}
