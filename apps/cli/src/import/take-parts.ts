/** Of an export: what goes by operations of its own, parts before the messages that name them, jobs after everything. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { jobsPerApplyMax } from "@roost/contract/operations";
import { partLimits } from "@roost/contract/part";
import type { RoostClient } from "../connect.ts";
import { readWithin } from "./found/walk-source.ts";
import { inBatches } from "./in-batches.ts";
import { readWholeLines } from "./read-export.ts";
import { reasonOf } from "./reason-of.ts";
import { addNamed, countOne, type GatheredReport } from "./send-records.ts";

export async function takeParts(client: RoostClient, root: string, report: GatheredReport): Promise<void> {
  for await (const part of readWholeLines(root, "records/parts.jsonl")) {
    const sha256 = String(part["sha256"]);
    try {
      // Not only damage: a name may lead out of the folder.
      if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RoostError("invalid_input", "it has no name of a part");
      const read = await readWithin(join(root, "parts", sha256), { bytesMax: partLimits.bytesMax, within: root });
      if (typeof read === "string") throw new RoostError("invalid_input", read);
      const bytes = Uint8Array.from(read);
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw new RoostError("invalid_input", "it was changed since the export");
      const name = typeof part["name"] === "string" ? { name: part["name"] } : {};
      await client.uploadPart({ ...name, content: { mediaType: String(part["mediaType"]), bytes } });
    } catch (error) {
      addNamed(report, "refused", { name: `part ${sha256}`, reason: reasonOf(error) });
    }
  }
}

export interface TakeJobsOptions {
  report: GatheredReport;
  isDryRun: boolean;
  /** Those that have come: added to, and left out. */
  taken: Set<string>;
  /**
   * Only those that files define, before these files or before rows: they come as they were changed since, and what has fired does not fire for its
   * file again. What is refused is tried again.
   */
  isBeforeFiles: boolean;
}

/** Whether some of those that were to come were refused. */
export async function takeWholeJobs(client: RoostClient, root: string, options: TakeJobsOptions): Promise<boolean> {
  const { taken, isBeforeFiles } = options;
  let isRefused = false;
  for await (const batch of inBatches(readWholeLines(root, "records/jobs.jsonl"), jobsPerApplyMax)) {
    const jobs = (batch as unknown as MovedJob[]).filter(
      ({ id, source }) => !taken.has(id) && (!isBeforeFiles || source !== undefined),
    );
    for (const [source = importedJobs, part] of Map.groupBy(jobs, (job) => job.source))
      isRefused = (await takeJobsOf(client, part, { ...options, source })) || isRefused;
  }
  return isRefused;
}

/** The set of jobs that no file defines. */
const importedJobs = "import:roost";

async function takeJobsOf(
  client: RoostClient,
  part: readonly MovedJob[],
  { source, report, isDryRun, taken, isBeforeFiles }: TakeJobsOptions & { source: string },
): Promise<boolean> {
  const written = part.map(({ id, definition }) => ({ id, ...definition }));
  const { changes, refused } = await client.applyJobs({
    jobs: written as Parameters<RoostClient["applyJobs"]>[0]["jobs"],
    source,
    dryRun: isDryRun,
    partial: true,
    merge: true,
    prune: false,
    paused: part.flatMap(({ id, state, pausedReason }) =>
      state === "paused" ? [{ jobId: id, reason: pausedReason }] : [],
    ),
    finished: part.flatMap(({ id, state }) => (state === "finished" ? [id] : [])),
  });
  for (const { jobId, change } of changes) {
    countOne(report, "job", change === "unchanged" ? "same" : change);
    taken.add(jobId);
  }
  // Events of services are known once these run: they are tried again.
  if (isBeforeFiles) return refused.length > 0;
  for (const { index, reason } of refused) addNamed(report, "refused", { name: `job ${part[index]?.id}`, reason });
  return refused.length > 0;
}

interface MovedJob {
  id: string;
  state: string;
  pausedReason: string | null;
  definition: object;
  source?: string;
}
