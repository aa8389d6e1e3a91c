/** An agent as a person writes it: a Markdown file by its name, keys between lines of dashes, instructions below. */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describeIssue, isJsonObject, RoostError, splitFrontMatter, type JsonObject } from "@roost/base";
import { AgentDefinition, AgentId } from "@roost/contract/operations";
import { parseDocuments } from "./read-job-file.ts";
import { readWritten, writtenFaults } from "./read-written.ts";

export { toTriggerJob } from "./to-trigger-job.ts";

export interface WrittenAgent {
  id: string;
  definition: AgentDefinition;
}

/** Raised when the same text is read otherwise than before: what was read of it is read anew. */
export const agentFileVersion = 1;

/** The agent that a file is about by its name, whatever is in it. */
export function agentIdOfFile(path: string): string {
  return basename(path).replace(/\.md$/i, "");
}

/** @throws RoostError `invalid_input` that says what is wrong in it */
export function parseAgentFile(path: string, text: string): WrittenAgent {
  const id = agentIdOfFile(path);
  const { keys, body } = splitFrontMatter(text);
  const fields = readFields(keys);
  if (fields["prompt"] !== undefined)
    throw new RoostError("invalid_input", "prompt: the instructions stand below the keys, as the text of the file");
  const written = readWritten("agent", body === "" ? fields : { ...fields, prompt: body });
  const parsed = AgentDefinition.safeParse(written);
  const faults = [
    ...(AgentId.safeParse(id).error?.issues ?? []).map((issue) => `its name: ${describeIssue(issue)}`),
    ...(parsed.success ? [] : writtenFaults(parsed.error)),
  ];
  if (!parsed.success || faults.length > 0) throw new RoostError("invalid_input", faults.join("; "));
  return { id, definition: parsed.data };
}

/**
 * The text of an agent's file with a line that names its tools; all else stays as it is.
 * @throws RoostError `invalid_input` for a file that cannot be read, or that has its keys in another form than lines
 */
export function withToolsLine(path: string, text: string, tools: readonly string[]): string {
  const { definition } = parseAgentFile(path, text);
  const first = /^\uFEFF?---[ \t]*\r?\n/.exec(text)?.[0];
  const line = toolsLine(tools);
  const written = first === undefined ? `---\n${line}\n---\n\n${text}` : `${first}${line}\n${text.slice(first.length)}`;
  if (!isDeepStrictEqual(parseAgentFile(path, written).definition, { ...definition, tools }))
    throw new RoostError("invalid_input", "its keys stand in another form than a line each");
  return written;
}

/** As a person writes it. */
export function toolsLine(tools: readonly string[]): string {
  return `tools: [${tools.join(", ")}]`;
}

function readFields(keys: string): JsonObject {
  const [fields = {}, ...more] = parseDocuments(keys);
  if (more.length === 0 && isJsonObject(fields)) return fields;
  throw new RoostError("invalid_input", "the keys between the lines of dashes are no YAML mapping like `model: large`");
}
