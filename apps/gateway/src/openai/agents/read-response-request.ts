/** Reads a request of `/v1/responses` for an agent. */
import { jsonObjectOf, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import {
  checkItems,
  invalid,
  namedPlace,
  type AskedConversation,
  type AskedPlace,
  type ConversationItem,
} from "./asked-conversation.ts";
import { joinTold, readContent, readResult, readTools } from "./read-chat.ts";
import { formParams, readForm } from "./read-form.ts";

/** `named`: by a header. @throws RoostError `invalid_input`, naming the parameter */
export function readResponseRequest(agent: string, body: JsonObject, named: AskedPlace): AskedConversation {
  const { input, instructions } = body;
  const read: ReadInput = { told: typeof instructions === "string" ? [instructions] : [], items: [], after: undefined };
  const { told, items } = read;
  if (typeof input === "string") items.push({ kind: "user", text: input, files: [] });
  else if (Array.isArray(input))
    for (const [index, item] of input.map(jsonObjectOf).entries()) addItem(item, `input[${index}]`, read);
  else throw invalid("input must be a text or a list of items", "input");
  checkItems(items, "input");
  const tools = readTools(body["tools"], (tool) => tool);
  const format = jsonObjectOf(body["text"])["format"];
  const form = readForm({ format, choice: body["tool_choice"], tools }, formParams.responses);
  return { agent, items, place: placeOf(body, read.after ?? named), told: joinTold(told), ...form };
}

interface ReadInput {
  told: string[];
  items: ConversationItem[];
  /** Of a message that stands here by its id: it goes on behind that. */
  after: AskedPlace | undefined;
}

function addItem(item: JsonObject, param: string, to: ReadInput): void {
  const { type = "message", role, content, call_id: callId, output } = item;
  if (type === "function_call_output") {
    if (typeof callId !== "string") throw invalid(`${param} has no call_id`, `${param}.call_id`);
    to.items.push({ kind: "result", callId, text: readResult(output, `${param}.output`) });
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
  } else if (type === "item_reference") addReference(item["id"], param, to);
  // Thoughts of models and calls of OpenAI's own tools are of no use to an agent.
}

/** What Roost answered, by its id: the AI SDK sends no more of it, since it is kept here. */
function addReference(id: JsonValue | undefined, param: string, to: ReadInput): void {
  const [, kind, rest = ""] = /^(msg|fc|rs)_(\w{1,200})$/.exec(typeof id === "string" ? id : "") ?? [];
  if (kind === "msg") {
    to.after = { kind: "after", responseId: `resp_${rest}` };
    // What stands before it is in that conversation.
    to.items.length = 0;
  } else if (kind === "fc")
    to.items.push({ kind: "assistant", text: "", calls: [{ id: `call_${rest}`, name: "", arguments: "" }] });
  else if (kind === undefined)
    throw new RoostError("not_found", `Item with id '${String(id).slice(0, 80)}' not found`, {
      details: { param: `${param}.id` },
    });
}

function placeOf({ previous_response_id: after, conversation }: JsonObject, named: AskedPlace): AskedPlace {
  if (typeof after === "string") return { kind: "after", responseId: after };
  const name: JsonValue | undefined =
    typeof conversation === "string" ? conversation : jsonObjectOf(conversation)["id"];
  if (typeof name !== "string") return named;
  return namedPlace(name, "conversation");
}
