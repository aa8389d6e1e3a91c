/** Reads what a program asks of the form of an answer: `response_format` and `tool_choice`, of both of OpenAI's APIs. */
import { isJsonObject, jsonObjectOf, toRoostError, type JsonObject, type JsonValue } from "@roost/base";
import { createValidator } from "@roost/contract";
import { formatNameCharsMax, type AnswerForm, type AnswerFormat, type ClientTool } from "@roost/contract/operations";
import { invalid, type AskedConversation } from "./asked-conversation.ts";

/** Where each API has the format. */
export const formParams = { chat: "response_format", responses: "text.format" } as const;

const schemaCharsMax = 60_000;

/** @throws RoostError `invalid_input`, naming the parameter, for what an agent cannot carry out */
export function readForm(
  { format, choice, tools }: { format: JsonValue | undefined; choice: JsonValue | undefined; tools: ClientTool[] },
  formatParam: string,
): Pick<AskedConversation, "tools" | "form"> {
  const chosen = readChoice(choice, tools);
  const form: AnswerForm = {
    ...readFormat(format, formatParam),
    ...(chosen.isRequired && { mustCall: chosen.tools.map(({ name }) => name) }),
  };
  return { tools: chosen.tools, form: Object.keys(form).length === 0 ? undefined : form };
}

function readFormat(given: JsonValue | undefined, param: string): { format?: AnswerFormat } {
  if (given === undefined || given === null) return {};
  const format = jsonObjectOf(given);
  const { type } = format;
  if (type === "text") return {};
  if (type === "json_object") return { format: { type } };
  if (type !== "json_schema")
    throw invalid(
      `${param} has the type ${JSON.stringify(type)?.slice(0, 40)}: an agent takes text, json_object and json_schema`,
      `${param}.type`,
    );
  // The chat API has it one level deeper.
  const isNested = isJsonObject(format["json_schema"]);
  const { name = "answer", schema } = isNested ? jsonObjectOf(format["json_schema"]) : format;
  const at = isNested ? `${param}.json_schema` : param;
  if (typeof name !== "string" || name === "" || name.length > formatNameCharsMax)
    throw invalid(`${at}.name must have 1 to ${formatNameCharsMax} characters`, `${at}.name`);
  if (!isJsonObject(schema)) throw invalid(`${at}.schema must be a JSON Schema`, `${at}.schema`);
  checkSchema(schema, `${at}.schema`);
  return { format: { type, name, schema } };
}

function checkSchema(schema: JsonObject, param: string): void {
  const text = JSON.stringify(schema);
  if (text.length > schemaCharsMax)
    throw invalid(`${param} has ${text.length} characters (limit ${schemaCharsMax})`, param);
  // Expressions of others are not run: one can take for ever. In a text they are told and not checked; here they decide what is checked.
  if (/"patternProperties":/.test(text)) throw invalid(`${param} has patternProperties, which are not checked`, param);
  try {
    createValidator(schema, { withPatterns: false });
  } catch (error) {
    throw invalid(`Invalid schema for ${param}: ${toRoostError(error).message.slice(0, 500)}`, param);
  }
}

function readChoice(given: JsonValue | undefined, tools: ClientTool[]): { tools: ClientTool[]; isRequired: boolean } {
  const param = "tool_choice";
  if (given === undefined || given === null || given === "auto") return { tools, isRequired: false };
  if (given === "none") return { tools: [], isRequired: false };
  const choice = jsonObjectOf(given);
  const pick = (names: readonly JsonValue[]) =>
    names.map((name) => {
      const found = tools.find((tool) => tool.name === name);
      if (found !== undefined) return found;
      throw invalid(`${param} names the tool ${JSON.stringify(name)?.slice(0, 80)}, which is not in tools`, param);
    });
  const nameOf = (tool: JsonObject) => jsonObjectOf(tool["function"])["name"] ?? tool["name"] ?? null;
  if (given === "required") return require(tools);
  if (choice["type"] === "function") return require(pick([nameOf(choice)]));
  if (choice["type"] === "allowed_tools") {
    const { mode, tools: allowed } = { ...choice, ...jsonObjectOf(choice["allowed_tools"]) };
    if (!Array.isArray(allowed) || (mode !== "auto" && mode !== "required"))
      throw invalid(`${param} of type allowed_tools must have tools, and the mode auto or required`, param);
    const picked = pick(allowed.map(jsonObjectOf).map(nameOf));
    return mode === "required" ? require(picked) : { tools: picked, isRequired: false };
  }
  throw invalid(
    `${param} is ${JSON.stringify(given)?.slice(0, 80)}: an agent takes none, auto, required, a function of tools, and allowed_tools`,
    param,
  );

  function require(from: ClientTool[]) {
    if (from.length > 0) return { tools: from, isRequired: true };
    throw invalid(`${param} asks for a call, and there are no tools`, param);
  }
}
