import { listJobs } from "@roost/jobs";
import type { Kernel } from "@roost/kernel";
import { budgetCaps, type Settings } from "@roost/memory/settings";

const namesShown = 6;
const jobsMax = 500;

/** Describes the active jobs and their cost caps, for the start. Undefined without jobs. */
export async function describeActiveJobs(kernel: Kernel, settings: Settings): Promise<string | undefined> {
  const { jobs } = await listJobs(kernel, { limit: jobsMax, states: ["active"] });
  if (jobs.length === 0) return undefined;
  const names = jobs.slice(0, namesShown).map(({ id }) => id);
  const more = jobs.length > namesShown ? ` and ${jobs.length - namesShown} more` : "";
  const [subject, verb] = jobs.length === 1 ? ["1 job", "is"] : [`${jobs.length} jobs`, "are"];
  return `${subject} ${verb} active (${names.join(", ")}${more}), ${describeCap(settings)}: roost jobs list, roost jobs pause JOB`;
}

function describeCap(settings: Settings): string {
  const caps = budgetCaps(settings).filter(({ scope, usdMax }) => scope === "all" && usdMax !== undefined);
  const texts = caps.map(({ usdMax, window }) => `$${usdMax} ${window === "total" ? "in all" : `a ${window}`}`);
  return texts.length === 0 ? "without a spending cap" : `at most ${texts.join(" and ")}`;
}
