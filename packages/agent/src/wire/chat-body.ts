/** The fields of a chat completion's body that are mended here. Types only. */
export interface ChatMessage {
  role: string;
  content?: unknown;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
  [field: string]: unknown;
}

export interface ChatBody {
  messages: ChatMessage[];
  tools?: { function: { name: string; description?: string; parameters?: unknown } }[];
  [field: string]: unknown;
}

export function isChatBody(value: unknown): value is ChatBody {
  return typeof value === "object" && value !== null && Array.isArray((value as { messages?: unknown }).messages);
}

export function toolNamesOf({ tools = [] }: ChatBody): string[] {
  return tools.map((tool) => tool.function.name);
}
