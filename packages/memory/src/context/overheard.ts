import type { Memory } from "../memory.ts";
import { readTranscript } from "../sessions/read-transcript.ts";
import type { Section } from "./file-sections.ts";
import { livingNames } from "./living-sections.ts";

const messagesMax = 20;
const charsMax = 6_000;

/** What was said in the main conversation lately: a heartbeat sees what main sees. */
export async function overheard(memory: Memory): Promise<Section[]> {
  const { messages } = await readTranscript(memory, "main", { limit: messagesMax });
  const said = messages.filter(({ text, role }) => text !== "" && (role === "user" || role === "assistant"));
  if (said.length === 0) return [];
  const isUntrusted = said.some(({ content }) => "isUntrusted" in content && content.isUntrusted === true);
  const lines = said.map(({ role, text }) => `${role === "user" ? "person" : "you"}: ${text}`);
  const text = lines.join("\n").slice(-charsMax).toWellFormed();
  return [{ name: livingNames.overheard, text, ...(isUntrusted && { isUntrusted }) }];
}
