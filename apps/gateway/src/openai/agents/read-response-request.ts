/** Reads a request of `/v1/responses` for an agent. */
import { jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import {
  checkItems,
  invalid,
  namedPlace,
  type AskedConversation,
  type AskedPlace,
  type ConversationItem,
} from "./asked-conversation.ts";
import { joinTold, readContent, readTools } from "./read-chat.ts";
import { formParams, readForm } from "./read-form.ts";

/** `named`: by a header. @throws RoostError `invalid_input`, naming the parameter */
export function readResponseRequest(agent: string, body: JsonObject, named: AskedPlace): AskedConversation {
  const { input, instructions } = body;
  const told: string[] = typeof instructions === "string" ? [instructions] : [];
  const items: ConversationItem[] = [];
  if (typeof input === "string") items.push({ kind: "user", text: input, files: [] });
  else if (Array.isArray(input))
    for (const [index, item] of input.map(jsonObjectOf).entries()) addItem(item, `input[${index}]`, { told, items });
  else throw invalid("input must be a text or a list of items", "input");
  checkItems(items, "input");
  const tools = readTools(body["tools"], (tool) => tool);
  const format = jsonObjectOf(body["text"])["format"];
  const form = readForm({ format, choice: body["tool_choice"], tools }, formParams.responses);
  return { agent, items, place: placeOf(body, named), told: joinTold(told), ...form };
}

function addItem(item: JsonObject, param: string, to: { told: string[]; items: ConversationItem[] }): void {
  const { type = "message", role, content, call_id: callId, output } = item;
  if (type === "function_call_output") {
    if (typeof callId !== "string") throw invalid(`${param} has no call_id`, `${param}.call_id`);
    to.items.push({ kind: "result", callId, text: readContent(output, `${param}.output`).text });
  } else if (type === "function_call") {
    const call = { id: String(callId), name: String(item["name"]), arguments: String(item["arguments"]) };
    const last = to.items.at(-1);
    if (last?.kind === "assistant") last.calls.push(call);
    else to.items.push({ kind: "assistant", text: "", calls: [call] });
  } else if (type === "message") {
    const { text, files } = readContent(content, `${param}.content`);
    if (role === "system" || role === "developer") to.told.push(text);
    else if (role === "assistant") to.items.push({ kind: "assistant", text, calls: [] });
    else if (role === "user") to.items.push({ kind: "user", text, files });
    else throw invalid(`${param} has no role that is known here: use user, assistant, system or developer`, param);
  }
  // Thoughts of models and calls of OpenAI's own tools are of no use to an agent.
}

function placeOf({ previous_response_id: after, conversation }: JsonObject, named: AskedPlace): AskedPlace {
  if (typeof after === "string") return { kind: "after", responseId: after };
  const name: JsonValue | undefined =
    typeof conversation === "string" ? conversation : jsonObjectOf(conversation)["id"];
  if (typeof name !== "string") return named;
  return namedPlace(name, "conversation");
}
