import { listJobs, type Job, type JobState } from "@roost/jobs";
import type { Kernel } from "@roost/kernel";

const pageLimit = 500;
const jobsMax = 10_000;

/** Every job in one of these states, by id; at most 10,000. */
export async function readAllJobs(kernel: Kernel, states: JobState[]): Promise<Job[]> {
  const all: Job[] = [];
  let after: string | undefined;
  do {
    const page = await listJobs(kernel, { limit: pageLimit, states, after });
    all.push(...page.jobs);
    after = page.next ?? undefined;
  } while (after !== undefined && all.length < jobsMax);
  return all;
}
