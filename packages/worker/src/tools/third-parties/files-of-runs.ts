/** Files that a run sends to services of other makers, and is given by them: parts, by their ids, as far as the run may know them. */
import { RoostError } from "@roost/base";
import type { AgentDefinition } from "@roost/contract/operations";
import type { ClaimedRun } from "@roost/kernel";
import { findPart, keepPart, readPart, viewerOf, type Memory } from "@roost/memory";
import type { RunFiles } from "./create-third-party-tools.ts";

export function filesOfRuns(memory: Memory): (run: ClaimedRun, agent: AgentDefinition) => RunFiles {
  return (run, agent) => ({
    async find(id) {
      const { part, labels } = await findPart(memory, { named: id, as: viewerOf(run, agent), runId: run.id });
      return {
        name: part.name ?? id.replace("#", ""),
        mediaType: part.mediaType,
        byteCount: part.bytes,
        labels,
        async read() {
          const stored = await readPart(memory, part.sha256 ?? "");
          if (stored === undefined) throw new RoostError("not_found", `the part ${id} is gone`);
          return stored.bytes;
        },
      };
    },
    keep: ({ bytes, name, mediaType, labels }) =>
      keepPart(memory, { content: bytes, name, mediaType, labels, runId: run.id }),
  });
}
