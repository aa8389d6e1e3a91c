/** Reads a request of `/v1/chat/completions` for an agent. */
import { jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { ClientTool, clientToolsMax } from "@roost/contract/operations";
import {
  checkItems,
  invalid,
  type AskedConversation,
  type AskedFile,
  type AskedPlace,
  type ConversationItem,
  type ToolRequest,
} from "./asked-conversation.ts";
import { formParams, readForm } from "./read-form.ts";

/** @throws RoostError `invalid_input`, naming the parameter */
export function readChat(agent: string, body: JsonObject, place: AskedPlace): AskedConversation {
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid("messages must be a list of messages", "messages");
  const told: string[] = [];
  const items: ConversationItem[] = [];
  for (const [index, message] of messages.map(jsonObjectOf).entries()) {
    const param = `messages[${index}]`;
    const { role, content, tool_call_id: callId, tool_calls: calls } = message;
    const at = `${param}.content`;
    const { text, files } = readContent(content, at);
    if (role === "system" || role === "developer") told.push(text);
    else if (role === "user") items.push({ kind: "user", text, files });
    else if (role === "assistant") items.push({ kind: "assistant", text, calls: readCalls(calls) });
    else if (role === "tool" && typeof callId === "string")
      items.push({ kind: "result", callId, text: readResult(content, at) });
    else
      throw invalid(
        `${param} has the role ${JSON.stringify(role)?.slice(0, 40)}: use system, developer, user, assistant or tool`,
        param,
      );
  }
  checkItems(items, "messages");
  const tools = readTools(body["tools"], (tool) => jsonObjectOf(tool["function"]));
  refuseChoices(body);
  const { [formParams.chat]: format } = body;
  return {
    agent,
    items,
    place,
    told: joinTold(told),
    ...readForm({ format, choice: body["tool_choice"], tools }, formParams.chat),
  };
}

export function readTools(given: JsonValue | undefined, functionOf: (tool: JsonObject) => JsonObject): ClientTool[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given) || given.length > clientToolsMax)
    throw invalid(`tools must be a list of at most ${clientToolsMax} tools`, "tools");
  const names = new Set<string>();
  return given.map(jsonObjectOf).map((tool, index) => {
    if (tool["type"] !== "function")
      throw invalid(
        `tools[${index}] is of type ${JSON.stringify(tool["type"])?.slice(0, 40)}: an agent takes functions of the program, and has tools of its own`,
        `tools[${index}].type`,
      );
    const { name, description, parameters } = functionOf(tool);
    const told = typeof description === "string" && { description: description.slice(0, 4_000) };
    const read = ClientTool.safeParse({ name, ...told, parameters: parameters ?? { type: "object", properties: {} } });
    if (!read.success) {
      const isName = read.error.issues.some(({ path }) => path[0] === "name");
      const why = isName
        ? "a name that models do not take: use 1 to 64 letters, digits, _ or -"
        : "parameters that are no JSON Schema of an object";
      throw invalid(`tools[${index}] has ${why}`, `tools[${index}]`);
    }
    if (names.has(read.data.name))
      throw invalid(`tools[${index}] has the name of another tool: give each its own`, `tools[${index}]`);
    names.add(read.data.name);
    return read.data;
  });
}

/** What programs tell the agent, beside its own instructions. */
export function joinTold(told: readonly string[]): string {
  return told.filter((text) => text.trim() !== "").join("\n\n");
}

/** An agent's turn is one answer of text. */
function refuseChoices({ n, modalities, logprobs }: JsonObject): void {
  if (typeof n === "number" && n > 1) throw invalid("an agent gives one answer: n must be 1", "n");
  if (logprobs === true) throw invalid("an agent tells no probabilities: logprobs must be false", "logprobs");
  if (Array.isArray(modalities) && modalities.some((each) => each !== "text"))
    throw invalid('an agent answers in text: modalities must be ["text"]', "modalities");
}

function readCalls(given: JsonValue | undefined): ToolRequest[] {
  if (!Array.isArray(given)) return [];
  return given.map(jsonObjectOf).map((call) => {
    const { name, arguments: text } = jsonObjectOf(call["function"]);
    return { id: String(call["id"]), name: String(name), arguments: String(text) };
  });
}

/** What a tool of the program gave: its text. Files in it are named, so that none seems never to have been there. */
export function readResult(content: JsonValue | undefined, param: string): string {
  const { text, files } = readContent(content, param);
  return [text, ...files.map(({ mediaType, name }) => `[${name ?? "a file"} of type ${mediaType}, which was not read]`)]
    .filter((line) => line !== "")
    .join("\n");
}

/** Texts, and what else stands among them: of the chat API and of the responses API. */
export function readContent(content: JsonValue | undefined, param: string): { text: string; files: AskedFile[] } {
  if (typeof content === "string") return { text: content, files: [] };
  if (content === null || content === undefined) return { text: "", files: [] };
  if (!Array.isArray(content)) throw invalid(`${param} must be a text or a list of parts`, param);
  const texts: string[] = [];
  const files: AskedFile[] = [];
  for (const part of content.map(jsonObjectOf)) {
    const { text, image_url: image, input_audio: audio, file, file_data: data, filename, file_url: address } = part;
    if (typeof text === "string") texts.push(text);
    const url = typeof image === "string" ? image : jsonObjectOf(image)["url"];
    const sound = jsonObjectOf(audio);
    if (typeof url === "string") addFile(url, undefined);
    if (typeof sound["data"] === "string")
      addFile(`data:audio/${String(sound["format"])};base64,${sound["data"]}`, undefined);
    const held = jsonObjectOf(file);
    // Kept by OpenAI, for its own models.
    const fileId = part["file_id"] ?? held["file_id"];
    if (typeof fileId === "string") texts.push(`[the file ${fileId.slice(0, 200)}, which is not kept here]`);
    if (typeof address === "string") addFile(address, undefined);
    const bytes = data ?? held["file_data"];
    if (typeof bytes === "string") addFile(bytes, filename ?? held["filename"]);
  }
  return { text: texts.join("\n"), files };

  function addFile(url: string, name: JsonValue | undefined): void {
    const [, mediaType, base64] = /^data:([\w.+-]+\/[\w.+-]+);base64,(.*)$/s.exec(url) ?? [];
    if (mediaType === undefined || base64 === undefined)
      texts.push(`[a file at ${url.slice(0, 500)}, which was not read]`);
    else
      files.push({
        bytes: Buffer.from(base64, "base64"),
        mediaType,
        name: typeof name === "string" ? name : undefined,
      });
  }
}
