// Models and servers that take no tools: they are described to them as text and called by text (read back by written/read-written-calls.ts), or left
// out where the settings say so.

import type { ChatBody, ChatMessage } from "./chat-body.ts";
import { isAboutTools, joinNeighbours, textOf } from "./join-neighbours.ts";
import type { Mend } from "./mend.ts";

export const toolsMendId = "without tools";
export const toolsAsText = "as text";
export const toolsLeftOut = "left out";

const toolWords = /\btools?\b|\bfunctions?[ _-]?call|tool[_ -]?(use|call|choice)|\bfunctions are\b/i;
const toolRefusal =
  /(does|do|is|are|did|can|could)( not|n['’]t)[\w ]{0,30}(support|enabl|allow|accept|capab|available)|not support|unsupported|no endpoints found|--enable-auto-tool-choice|--tool-call-parser|--jinja|cannot (use|call)|without tool|unrecogni[sz]ed request argument|unknown (parameter|field|argument)|extra (inputs|fields) are not permitted/i;

export const toolsMend: Mend = {
  id: toolsMendId,
  recognise: ({ text }, body) =>
    (body.tools !== undefined || body.messages.some(isAboutTools)) && toolWords.test(text) && toolRefusal.test(text)
      ? toolsAsText
      : undefined,
  apply: (body, setting) => {
    const { tools = [], tool_choice: _choice, messages, ...rest } = body;
    const plain = joinNeighbours(messages.map(callsAsText));
    return { ...rest, messages: setting === toolsLeftOut || tools.length === 0 ? plain : withTools(plain, tools) };
  },
  tell: (setting) =>
    setting === toolsLeftOut
      ? "asked without tools, as the settings say: it can only chat"
      : "asked with its tools described as text: this model or its server takes none",
};

function withTools(messages: ChatMessage[], tools: NonNullable<ChatBody["tools"]>): ChatMessage[] {
  const lines = tools.map(({ function: { name, description, parameters } }) =>
    JSON.stringify({ name, description, parameters }),
  );
  const content = [
    "# Tools",
    "To call a tool, end your message with this, and nothing after it; its answer is the next message:",
    '<tool_call>\n{"name": "NAME", "arguments": {}}\n</tool_call>',
    "The tools, one a line:",
    ...lines,
  ].join("\n");
  const [first, ...others] = messages;
  if (first?.role !== "system") return [{ role: "system", content }, ...messages];
  return [{ ...first, content: `${textOf(first.content)}\n\n${content}` }, ...others];
}

function callsAsText(message: ChatMessage): ChatMessage {
  if (message.role === "tool")
    return { role: "user", content: `<tool_response>\n${textOf(message.content)}\n</tool_response>` };
  const { tool_calls: calls = [], ...rest } = message;
  if (calls.length === 0) return rest;
  const written = calls.map(
    ({ function: { name, arguments: given } }) =>
      `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given || "{}"}}\n</tool_call>`,
  );
  return { role: "assistant", content: [textOf(message.content), ...written].filter((text) => text !== "").join("\n") };
}
