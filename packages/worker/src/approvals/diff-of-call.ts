/** Shows what a call would change as a unified diff, for the person who approves it. */
import type { ApprovalRequest } from "@roost/agent";
import { toRoostError, type JsonValue } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import { getJob } from "@roost/jobs";
import type { ClaimedRun, Kernel } from "@roost/kernel";
import { consolidateTool, findHomeFile, proposeMemory, viewerOf, whyLossy, type Memory } from "@roost/memory";
import { consolidationInput } from "../tools/consolidate-memory-tool.ts";
import { createTwoFilesPatch } from "diff";

interface Given {
  kernel: Kernel;
  memory: Memory;
  run: ClaimedRun;
  agent: AgentDefinition;
}

export interface ShownChange {
  /** Null for calls whose change cannot be shown as a diff. */
  diff: string | null;
  /** Why the call would be refused whatever the person answers: it is not asked. */
  refusal?: string | undefined;
}

export async function diffOfCall(
  given: Given,
  { tool, input }: Pick<ApprovalRequest, "tool" | "input">,
): Promise<ShownChange> {
  const fields = input as { [name: string]: JsonValue };
  if (tool === "write_file") {
    const path = String(fields["path"]);
    const [before, after] = [await textOf(given, path), String(fields["text"])];
    return { diff: patch(path, before, after), refusal: whyLossy(path, { before, after }) };
  }
  if (tool === consolidateTool) {
    const { before, text, missing, refusal } = await proposeMemory(given.memory, consolidationInput.parse(fields));
    const notFound = missing.map((entry) => `(not found, left as it is: ${entry})\n`).join("");
    return { diff: patch("MEMORY.md", before, text) + notFound, refusal };
  }
  if (tool === "define_job") {
    const { id, ...definition } = fields;
    const before = await definitionOf(given.kernel, String(id), definition);
    return { diff: patch(`job ${String(id)}`, before, lines(definition)) };
  }
  return { diff: null };
}

/** Lines that differ. The time that it takes to find more grows with their square, and holds up the worker. */
const editsMax = 1_000;

export function patch(name: string, before: string, after: string): string {
  const options = { context: 2, maxEditLength: editsMax };
  const found = createTwoFilesPatch(name, name, before, after, "current", "after the call", options);
  return found ?? `(too much differs to be compared; this is all of ${name} after the call)\n${after}`;
}

/** What the run may not see is not shown: the write would be refused. */
async function textOf({ memory, run, agent }: Given, path: string): Promise<string> {
  try {
    return (await findHomeFile(memory, path, { as: viewerOf(run, agent) }))?.text ?? "";
  } catch (error) {
    return `(cannot be read: ${toRoostError(error).message})\n`;
  }
}

/** Only the fields that the call gives; it does not change others. */
async function definitionOf(kernel: Kernel, id: string, given: { [name: string]: JsonValue }): Promise<string> {
  try {
    const definition = (await getJob(kernel, id)).definition as unknown as { [name: string]: JsonValue };
    return lines(Object.fromEntries(Object.keys(given).map((name) => [name, definition[name] ?? null])));
  } catch (error) {
    if (toRoostError(error).code === "not_found") return "";
    throw error;
  }
}

function lines(value: JsonValue): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
