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
