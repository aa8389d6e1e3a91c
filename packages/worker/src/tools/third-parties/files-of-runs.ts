/** Files that a run sends to services of other makers, and is given by them: parts, by their ids, as far as the run may know them. */
import { RoostError } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { ClaimedRun } from "@roost/kernel";
import { findPart, keepPart, readPart, viewerOf, type Memory } from "@roost/memory";
import type { RunFiles } from "./create-third-party-tools.ts";

export function filesOfRuns(memory: Memory): (run: ClaimedRun, agent: AgentDefinition) => RunFiles {
  return (run, agent) => ({
    async read(id) {
      const { part, labels } = await findPart(memory, { named: id, as: viewerOf(run, agent), runId: run.id });
      const stored = await readPart(memory, part.sha256 ?? "");
      if (stored === undefined) throw new RoostError("not_found", `the part ${id} is gone`);
      return {
        name: part.name ?? stored.name ?? id.replace("#", ""),
        mediaType: stored.mediaType,
        bytes: stored.bytes,
        labels,
      };
    },
    keep: ({ bytes, name, mediaType, labels }) =>
      keepPart(memory, { content: bytes, name, mediaType, labels, runId: run.id }),
  });
}
