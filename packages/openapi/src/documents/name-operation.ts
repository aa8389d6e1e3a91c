import { createHash } from "node:crypto";
import type { JsonObject } from "@roost/base";

export interface NamedOperation {
  /** As tools are named with it. */
  id: string;
  /** As the document has it; empty where it has none. */
  originalId: string;
  path: string;
  method: string;
  /** What its path has. */
  item: JsonObject;
  described: JsonObject;
}

/** What providers of models accept as the name of a tool. */
const toolNameCharsMax = 64;
const hashChars = 6;

/** Names an operation so that a tool can be called like it; what is too long, or taken, ends in a hash of what was meant. */
export function nameOperation(
  operation: Pick<NamedOperation, "path" | "method" | "item" | "described">,
  { service, taken }: { service: string; taken: Set<string> },
): NamedOperation {
  const { path, method, described } = operation;
  const { operationId } = described;
  const originalId = typeof operationId === "string" ? operationId : "";
  const plain = (originalId || `${method}${path}`).replaceAll(/[^A-Za-z0-9_-]+/g, "_").replaceAll(/^_+|_+$/g, "");
  const charsMax = toolNameCharsMax - service.length - 1;
  let id = plain;
  if (id.length > charsMax || taken.has(id) || id === "") {
    const hash = createHash("sha256").update(`${method} ${path}`).digest("hex").slice(0, hashChars);
    id = `${plain.slice(0, charsMax - hashChars - 1)}_${hash}`;
  }
  taken.add(id);
  return { ...operation, id, originalId };
}
