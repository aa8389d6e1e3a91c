import { storableValue, type JsonValue } from "@roost/base";

/** No tool takes deeper arguments, and code that walks them is recursive. */
export const argumentsDepthMax = 64;

/** JSON written by a model, with storable texts; undefined when it is not JSON or nested too deep. */
export function parseArgumentsText(text: string): JsonValue | undefined {
  if (isDeeper(text, argumentsDepthMax)) return undefined;
  try {
    return storableValue(JSON.parse(text) as JsonValue);
  } catch {
    return undefined;
  }
}

/** Brackets within texts do not count. */
export function isDeeper(json: string, levelsMax: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < json.length; index += 1) {
    const char = json[index];
    if (isInText) {
      if (char === "\\") index += 1;
      else if (char === '"') isInText = false;
    } else if (char === '"') isInText = true;
    else if (char === "]" || char === "}") depth -= 1;
    else if ((char === "[" || char === "{") && (depth += 1) > levelsMax) return true;
  }
  return false;
}

const startsTriedMax = 50;

/**
 * The arguments as the model meant them, where its server sent them more than once: an empty object before them, all of them again at the end, or
 * each time what there was so far. Other texts stay as they are.
 */
export function untangleArguments(text: string): string {
  if (!text.includes("{", 1) || parseArgumentsText(text) !== undefined) return text;
  let start = 0;
  for (let count = 0; count < startsTriedMax; count += 1) {
    start = text.indexOf("{", start + 1);
    if (start < 0) break;
    const before = text.slice(0, start).trim();
    const rest = text.slice(start);
    const isRepeated = rest.startsWith(before) || parseArgumentsText(before) !== undefined;
    if (isRepeated && parseArgumentsText(rest) !== undefined) return rest;
  }
  return text;
}
