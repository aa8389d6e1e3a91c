/**
 * Finds fields unknown to a schema. Inputs are plain z.object, which drops unknown fields, so that one schema serves input and output; readers of
 * input call this to refuse what was dropped.
 */

const depthMax = 32;

/** Paths ("steps[0].nme") of fields of `given` missing in `parsed`, at most `limit`. */
export function findUnknownFields(given: unknown, parsed: unknown, limit = 10): string[] {
  const found: string[] = [];
  visit(given, parsed, "", 0);
  return found;

  function visit(before: unknown, after: unknown, path: string, depth: number): void {
    if (found.length >= limit || depth > depthMax) return;
    if (Array.isArray(before) && Array.isArray(after)) {
      for (let index = 0; index < before.length; index += 1)
        visit(before[index], after[index], `${path}[${index}]`, depth + 1);
    } else if (isRecord(before) && isRecord(after)) {
      for (const [name, value] of Object.entries(before)) {
        const below = path === "" ? name : `${path}.${name}`;
        if (Object.hasOwn(after, name)) visit(value, after[name], below, depth + 1);
        else if (value !== undefined && found.length < limit) found.push(below);
      }
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
