// Servers that refuse how a tool's arguments are described. Schemas are plain already (tools/plain-schema.ts); here they get plainer still, and in the
// end become part of the tool's description.

import { isJsonObject, type JsonObject, type JsonValue } from "@roost/base";
import type { ChatBody } from "./chat-body.ts";
import type { Mend } from "./mend.ts";

const isAboutSchema = /schema|grammar|function_declarations|any_?of|\benum\b|parameters\b.{0,40}(type|propert|object)/i;
const isRefused =
  /invalid|unknown name|not (be )?(permit|support|allow|valid)|unsupported|cannot find|only allowed|fail(ed)? to|must (be|match|have)|missing|required|unrecogni[sz]ed|unimplemented|too (complex|large|many|deep)|did not match/i;

const plain = "plain";
const described = "described";

export const schemaMend: Mend = {
  id: "with plain schemas",
  recognise: ({ text }, { tools = [] }) => {
    if (tools.length === 0 || !isAboutSchema.test(text) || !isRefused.test(text)) return undefined;
    if (
      tools.some(({ function: { parameters } }) => JSON.stringify(parameters) !== JSON.stringify(plainer(parameters)))
    )
      return plain;
    return tools.some(({ function: { parameters } }) => hasProperties(parameters)) ? described : undefined;
  },
  apply: (body, setting) => withTools(body, setting === plain ? (each) => plainer(each) : () => nothing),
  tell: (setting) =>
    setting === plain
      ? "asked with simpler descriptions of the tools' arguments"
      : "asked with the tools' arguments described as text",
};

const nothing: JsonObject = { type: "object", properties: {} };

function withTools(body: ChatBody, change: (parameters: unknown) => unknown): ChatBody {
  const { tools = [] } = body;
  return {
    ...body,
    tools: tools.map((tool) => {
      const { description = "", parameters, ...rest } = tool.function;
      const changed = change(parameters);
      const lost = changed === nothing && hasProperties(parameters) ? ` Arguments: ${JSON.stringify(parameters)}` : "";
      return { ...tool, function: { ...rest, description: description + lost, parameters: changed } };
    }),
  };
}

function hasProperties(parameters: unknown): boolean {
  return isJsonObject(parameters) && Object.keys((parameters["properties"] as object | undefined) ?? {}).length > 0;
}

/** Without alternatives: the first that is not null stands for all; and only texts are enumerated. */
function plainer(schema: unknown): JsonValue {
  if (Array.isArray(schema)) return schema.map((each) => (isJsonObject(each) ? plainer(each) : (each as JsonValue)));
  if (!isJsonObject(schema)) return schema as JsonValue;
  const { anyOf, type, enum: values, properties, items, ...rest } = schema;
  const first = Array.isArray(anyOf) ? anyOf.find((each) => isJsonObject(each) && each["type"] !== "null") : undefined;
  const given: JsonObject = {
    ...(first === undefined ? {} : (plainer(first) as JsonObject)),
    ...rest,
    ...(type === undefined
      ? {}
      : { type: Array.isArray(type) ? (type.find((name) => name !== "null") ?? "string") : type }),
    ...(isTexts(values) ? { enum: values } : {}),
    ...(items === undefined ? {} : { items: plainer(items) }),
  };
  if (!isJsonObject(properties)) return given;
  return {
    ...given,
    properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, plainer(value)])),
  };
}

function isTexts(values: JsonValue | undefined): values is JsonValue[] {
  return Array.isArray(values) && values.every((value) => typeof value === "string");
}
