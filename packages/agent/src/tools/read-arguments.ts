// Reads a tool call's arguments as the model wrote them, tolerating common mistakes of form (nothing at all, JSON inside a JSON string) and none of
// content.

import type { JsonValue } from "@roost/base";
import { z } from "zod";
import { argumentsDepthMax, isDeeper, parseArgumentsText } from "../messages/parse-arguments.ts";
import type { Tool } from "./tool.ts";

export type ReadArguments = { isValid: true; input: unknown } | { isValid: false; message: string };

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
    return { isValid: false, message: `the arguments of ${tool.name} are not JSON: ${argumentsText.slice(0, 200)}` };
  }
  const faults: string[] = [];
  if ("jsonSchema" in tool.input) {
    faults.push(...tool.input.validate(parsed));
    if (faults.length === 0) return { isValid: true, input: parsed };
  } else {
    const result = tool.input.safeParse(parsed);
    if (result.success) return { isValid: true, input: result.data };
    faults.push(
      ...result.error.issues.map(
        (issue) => `${issue.path.length === 0 ? "arguments" : issue.path.join(".")}: ${issue.message}`,
      ),
    );
  }
  const more = faults.length > faultsMax ? `; and ${faults.length - faultsMax} more` : "";
  const shownFaults = faults.slice(0, faultsMax).join("; ") + more;
  return { isValid: false, message: `the arguments of ${tool.name} are not valid: ${shownFaults}` };
}

function parseArguments(text: string): JsonValue | undefined {
  if (text.trim() === "") return {};
  const value = parseArgumentsText(text);
  if (typeof value === "string") {
    const inner = parseArgumentsText(value);
    return typeof inner === "object" && inner !== null ? inner : value;
  }
  return value === null ? {} : value;
}

/** The JSON Schema of a tool's input, for the model. */
export function inputSchemaOf(tool: Pick<Tool, "input">): { [key: string]: JsonValue } {
  if ("jsonSchema" in tool.input) return tool.input.jsonSchema;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(tool.input, { io: "input", unrepresentable: "any" }) as {
    [key: string]: JsonValue;
  };
  return schema;
}
