/** What a program asks of an agent, in one form for both of OpenAI's APIs, and the hash by which a history is found again. */
import { createHash } from "node:crypto";
import { isPlainLine, RoostError } from "@roost/base";
import type { AnswerForm, ClientTool } from "@roost/contract/operations";

export interface ToolRequest {
  id: string;
  name: string;
  arguments: string;
}

/** A picture, a sound or a file of a message, as its bytes. */
export interface AskedFile {
  bytes: Buffer;
  mediaType: string;
  name?: string | undefined;
}

export type ConversationItem =
  | { kind: "user"; text: string; files: AskedFile[] }
  | { kind: "assistant"; text: string; calls: ToolRequest[] }
  | { kind: "result"; callId: string; text: string };

const sessionNameCharsMax = 120;

/** Where the turn goes: found by its history, in a session of this name, or behind this response. */
export type AskedPlace =
  | { kind: "history" }
  | { kind: "named"; name: string; param: string }
  | { kind: "after"; responseId: string };

export interface AskedConversation {
  agent: string;
  /** What the program tells the agent: never in place of the agent's own instructions. */
  told: string;
  items: ConversationItem[];
  tools: ClientTool[];
  /** Undefined: any. */
  form: AnswerForm | undefined;
  place: AskedPlace;
}

/** `param`: where the program names it. @throws RoostError `invalid_input` */
export function namedPlace(name: unknown, param: string): AskedPlace {
  const isName =
    typeof name === "string" && name.length <= sessionNameCharsMax && /^(?!\.{1,2}$)./.test(name) && isPlainLine(name);
  if (isName) return { kind: "named", name, param };
  throw invalid(
    `${param} must be the name of a session: one line of 1 to ${sessionNameCharsMax} characters, without marks that turn the direction of text`,
    param,
  );
}

/** By what is said, so that a program may tidy what it sends again. */
export function hashConversation(agent: string, items: readonly ConversationItem[]): string {
  const plain = items.map((item) => {
    if (item.kind === "result") return ["result", item.callId, item.text.trim()];
    if (item.kind === "assistant") return ["assistant", item.text.trim(), item.calls.map(({ id }) => id)];
    return ["user", item.text.trim(), item.files.map(({ bytes }) => createHash("sha256").update(bytes).digest("hex"))];
  });
  return createHash("sha256")
    .update(JSON.stringify([agent, plain]))
    .digest("hex");
}

export function invalid(message: string, param: string): RoostError {
  return new RoostError("invalid_input", message, { details: { param } });
}

const itemsMax = 5_000;

export function checkItems(items: readonly ConversationItem[], param: string): void {
  if (items.length > itemsMax)
    throw invalid(`${items.length} messages are too many (limit ${itemsMax}): name a session instead`, param);
  if (items.length === 0 || items.at(-1)!.kind === "assistant")
    throw invalid("The last message must be the user's, or the result of a tool", param);
}
