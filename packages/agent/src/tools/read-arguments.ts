// Reads a tool call's arguments as the model wrote them, tolerating common mistakes of form (nothing at all, JSON inside a JSON string, a number
// as a text) and none of content.

import { describeIssue, formatPath, storableValue, type JsonValue } from "@roost/base";
import { z } from "zod";
import { argumentsDepthMax, isDeeper, parseArgumentsText } from "../messages/parse-arguments.ts";
import { readLooseValue } from "../written/read-loose-value.ts";
import { coerceArguments } from "./coerce-arguments.ts";
import type { Tool } from "./tool.ts";

/** `shown`: the arguments as JSON, as they are meant; what is asked of a permit and shown to people. */
export type ReadArguments = { isValid: true; input: unknown; shown: JsonValue } | { isValid: false; message: string };

const faultsMax = 8;
const shownCharsMax = 2000;

/** The arguments as people and the journal see them: independent of the tools, so that replays agree. */
export function shownArguments(argumentsText: string): JsonValue {
  return parseArguments(argumentsText) ?? argumentsText.slice(0, shownCharsMax);
}

export function readArguments(tool: Pick<Tool, "input" | "name">, argumentsText: string): ReadArguments {
  const parsed = parseArguments(argumentsText);
  if (parsed === undefined && isDeeper(argumentsText, argumentsDepthMax)) {
    return {
      isValid: false,
      message: `the arguments of ${tool.name} are nested deeper than ${argumentsDepthMax} levels: flatten them`,
    };
  }
  if (parsed === undefined) {
    const breaksOff = isBrokenOff(argumentsText) ? ", since they break off before their end: send less at once" : "";
    return {
      isValid: false,
      message: `the arguments of ${tool.name} are not JSON${breaksOff}: ${argumentsText.slice(0, 200)}`,
    };
  }
  const given = check(tool, parsed);
  if (given.faults.length === 0) return { isValid: true, input: given.input, shown: parsed };
  const coerced = coerceArguments(parsed, inputSchemaOf(tool));
  const meant = check(tool, coerced);
  if (meant.faults.length === 0) return { isValid: true, input: meant.input, shown: coerced };
  const { faults } = given;
  const more = faults.length > faultsMax ? `; and ${faults.length - faultsMax} more` : "";
  const shownFaults = faults.slice(0, faultsMax).join("; ") + more;
  return { isValid: false, message: `the arguments of ${tool.name} are not valid: ${shownFaults}` };
}

function check(tool: Pick<Tool, "input">, value: JsonValue): { input: unknown; faults: string[] } {
  if ("jsonSchema" in tool.input) return { input: value, faults: tool.input.validate(value) };
  const result = tool.input.safeParse(value);
  if (result.success) return { input: result.data, faults: [] };
  const faults = result.error.issues.map(
    (issue) => `${formatPath(issue.path) || "arguments"}: ${describeIssue(issue)}`,
  );
  return { input: undefined, faults };
}

function parseArguments(text: string): JsonValue | undefined {
  if (text.trim() === "") return {};
  const strict = parseArgumentsText(text);
  const value = strict === undefined ? readLoosely(text.trim()) : strict;
  if (typeof value === "string") {
    const inner = parseArgumentsText(value);
    return typeof inner === "object" && inner !== null ? inner : value;
  }
  return value === null ? {} : value;
}

/** Cut off by a server that does not say so: an object whose last text or brace is not closed. */
function isBrokenOff(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (isText && letter === "\\") at += 1;
    else if (letter === '"') isText = !isText;
    else if (!isText && (letter === "{" || letter === "[")) depth += 1;
    else if (!isText && (letter === "}" || letter === "]")) depth -= 1;
  }
  return text.trimStart().startsWith("{") && (isText || depth > 0);
}

/** Python's literals, quotes and commas, line breaks within texts; only of a whole object. */
function readLoosely(text: string): JsonValue | undefined {
  const read = text.startsWith("{") ? readLooseValue(text, 0) : undefined;
  return read?.end === text.length ? storableValue(read.value) : undefined;
}

/** The JSON Schema of a tool's input, for the model. */
export function inputSchemaOf(tool: Pick<Tool, "input">): { [key: string]: JsonValue } {
  if ("jsonSchema" in tool.input) return tool.input.jsonSchema;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(tool.input, { io: "input", unrepresentable: "any" }) as {
    [key: string]: JsonValue;
  };
  return schema;
}
