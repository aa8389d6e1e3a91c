// What a model is told of its tools: all built-in ones if they fit into few tokens, otherwise a fixed short list. The others are behind two more:
// find_tools describes them as text, call_tool runs one. So the list is constant for a session, whatever tools come and go elsewhere.

import { RoostError } from "@roost/base";
import { z } from "zod";
import { matchToolName } from "../messages/match-tool-name.ts";
import { parseArgumentsText } from "../messages/parse-arguments.ts";
import type { ToolCallPart } from "../messages/message.ts";
import { estimateTool } from "../models/estimate-prompt.ts";
import type { ToolDescription } from "../models/models.ts";
import { createFindTools } from "./find-tools.ts";
import { plainSchema } from "./plain-schema.ts";
import { inputSchemaOf } from "./read-arguments.ts";
import type { Tool } from "./tool.ts";

export const findToolsName = "find_tools";
export const callToolName = "call_tool";

/** Estimated tokens up to which all built-in tools are shown; beyond, only the first ones. */
export const toolTokensMax = 1_200;
/** OpenAI refuses a request with more than 128 tools, and others have followed. Two of them find and call the rest. */
const toolsShownMax = 126;

export interface ToolList {
  /** What the model is shown, in this order. */
  descriptions: ToolDescription[];
  /** Names of all callable tools. */
  names: string[];
  /** The tool that a call means, and its arguments. */
  resolve(part: ToolCallPart): { name: string; argumentsText: string; tool: Tool | undefined };
  /** How a tool is called, for a model that called it wrongly without having seen it. */
  explain(tool: Tool): string | undefined;
}

export interface CreateToolListOptions {
  /** Tools to show when not all fit, most important first. */
  first?: readonly string[] | undefined;
  /** Services whose tools there are, or may be later. */
  services?: readonly string[] | undefined;
  /** Estimated tokens up to which all built-in tools are shown. Default: `toolTokensMax`. */
  tokensMax?: number | undefined;
}

/** @throws RoostError `invalid_input` for names that providers refuse or that are used twice */
export function createToolList(
  tools: Tool[],
  { first, services = [], tokensMax = toolTokensMax }: CreateToolListOptions = {},
): ToolList {
  checkNames(tools);
  const described = tools.map((tool) => ({ tool, description: describeTool(tool) }));
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const shown = chooseShown(described, { first, tokensMax }).slice(0, toolsShownMax);
  const hidden = described.filter((each) => !shown.includes(each));
  const isAll = hidden.length === 0 && services.length === 0;
  const names = [...byName.keys(), ...(isAll ? [] : [findToolsName, callToolName])];
  const meantName = (name: string) => matchToolName(name, names) ?? name;
  if (isAll) {
    return {
      descriptions: shown.map(({ description }) => description),
      names,
      resolve: ({ toolName, argumentsText }) => {
        const name = meantName(toolName);
        return { name, argumentsText, tool: byName.get(name) };
      },
      explain: () => undefined,
    };
  }
  const found = createFindTools(hidden, services);
  const finder = found.tool;
  return {
    descriptions: [...shown.map(({ description }) => description), describeTool(finder), callTool],
    names,
    resolve: (part) => {
      const called = meantName(part.toolName);
      const meant = called === callToolName ? unwrap(part.argumentsText) : undefined;
      const name = meant === undefined ? called : meantName(meant.name);
      const argumentsText = meant?.argumentsText ?? part.argumentsText;
      return { name, argumentsText, tool: name === findToolsName ? finder : byName.get(name) };
    },
    explain: found.explain,
  };
}

interface DescribedTool {
  tool: Tool;
  description: ToolDescription;
}

/** In the order of `first` where not all fit. What comes from elsewhere is shown only where it is named. */
function chooseShown(
  described: DescribedTool[],
  { first, tokensMax }: { first: readonly string[] | undefined; tokensMax: number },
): DescribedTool[] {
  if (first === undefined) return described;
  const own = described.filter(({ tool }) => tool.origin === undefined);
  const tokens = own.reduce((sum, { description }) => sum + estimateTool(description), 0);
  const isFew = tokens <= tokensMax;
  // What a server says of its tools is shown by find_tools alone, which marks the run.
  const isNamed = ({ tool }: DescribedTool) => first.includes(tool.name) && tool.descriptionLabels === undefined;
  if (isFew) return described.filter((each) => each.tool.origin === undefined || isNamed(each));
  return described.filter(isNamed).toSorted((a, b) => first.indexOf(a.tool.name) - first.indexOf(b.tool.name));
}

const callTool: ToolDescription = {
  name: callToolName,
  description: `Runs a tool that ${findToolsName} has shown.`,
  inputSchema: {
    type: "object",
    properties: { name: { type: "string" }, arguments: { type: "object", description: "As that tool takes them" } },
    required: ["name", "arguments"],
  },
};

const Wrapped = z.looseObject({ name: z.string().trim().min(1), arguments: z.unknown().optional() });

/** The inner call; also when a model put the arguments beside the name, or wrote them as a text. */
function unwrap(text: string): { name: string; argumentsText: string } | undefined {
  let value = parseArgumentsText(text);
  if (typeof value === "string") value = parseArgumentsText(value);
  const parsed = Wrapped.safeParse(value);
  if (!parsed.success) return undefined;
  const { name, arguments: given, ...beside } = parsed.data;
  const inner = given === undefined || given === null ? beside : given;
  return { name, argumentsText: typeof inner === "string" ? inner : JSON.stringify(inner) };
}

function checkNames(tools: Tool[]): void {
  const names = new Set<string>([findToolsName, callToolName]);
  for (const { name } of tools) {
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
      throw new RoostError(
        "invalid_input",
        `the tool name ${JSON.stringify(name)} is not accepted by model providers; use 1 to 64 of a-z A-Z 0-9 _ -`,
      );
    }
    if (names.has(name)) throw new RoostError("invalid_input", `two tools are called ${name}; give each its own name`);
    names.add(name);
  }
}

/** The same object in every run, as a key of caches: translating some twenty schemas took a tenth of a turn. */
const known = new WeakMap<object, ToolDescription>();

function describeTool(tool: Tool): ToolDescription {
  const { name, description, input } = tool;
  const before = known.get(input);
  if (before?.name === name && before.description === description) return before;
  const made = { name, description, inputSchema: plainSchema(inputSchemaOf(tool)) };
  known.set(input, made);
  return made;
}
