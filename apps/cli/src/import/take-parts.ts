/** Of an export: what goes by operations of its own, parts before the messages that name them, jobs after everything. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { jobsPerApplyMax } from "@roost/contract/operations";
import type { RoostClient } from "../connect.ts";
import { inBatches } from "./in-batches.ts";
import { readWholeLines } from "./read-export.ts";
import { addNamed, reasonOf, type GatheredReport } from "./send-records.ts";

export async function takeParts(client: RoostClient, root: string, report: GatheredReport): Promise<void> {
  for await (const part of readWholeLines(root, "records/parts.jsonl")) {
    const sha256 = String(part["sha256"]);
    try {
      // Not only damage: a name may lead out of the folder.
      if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RoostError("invalid_input", "it has no name of a part");
      const bytes = Uint8Array.from(await readFile(join(root, "parts", sha256)));
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw new RoostError("invalid_input", "it was changed since the export");
      const name = typeof part["name"] === "string" ? { name: part["name"] } : {};
      await client.uploadPart({ ...name, content: { mediaType: String(part["mediaType"]), bytes } });
    } catch (error) {
      addNamed(report, "refused", { name: `part ${sha256}`, reason: reasonOf(error) });
    }
  }
}

export async function takeWholeJobs(
  client: RoostClient,
  root: string,
  { report, isDryRun }: { report: GatheredReport; isDryRun: boolean },
): Promise<void> {
  const counts = (report.counts["job"] ??= {});
  for await (const batch of inBatches(readWholeLines(root, "records/jobs.jsonl"), jobsPerApplyMax)) {
    const part = batch as unknown as MovedJob[];
    const written = part.map(({ id, definition }) => ({ id, ...definition }));
    const { changes, refused } = await client.applyJobs({
      jobs: written as Parameters<RoostClient["applyJobs"]>[0]["jobs"],
      source: "import:roost",
      dryRun: isDryRun,
      partial: true,
      merge: true,
      prune: false,
      paused: part.flatMap(({ id, state, pausedReason }) =>
        state === "paused" ? [{ jobId: id, reason: pausedReason }] : [],
      ),
    });
    for (const { change } of changes) {
      const action = change === "unchanged" ? "same" : change;
      counts[action] = (counts[action] ?? 0) + 1;
    }
    for (const { index, reason } of refused) addNamed(report, "refused", { name: `job ${part[index]?.id}`, reason });
  }
}

interface MovedJob {
  id: string;
  state: string;
  pausedReason: string | null;
  definition: object;
}
