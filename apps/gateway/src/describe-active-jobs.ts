import { listJobs } from "@roost/jobs";
import type { Kernel } from "@roost/kernel";
import { budgetCaps, type Settings } from "@roost/memory/settings";

const namesShown = 6;
const jobsMax = 500;

/** Describes, for the start, the jobs that run by themselves, and what everything may cost. */
export async function describeActiveJobs(kernel: Kernel, settings: Settings): Promise<string> {
  const { jobs: all, next } = await listJobs(kernel, { limit: jobsMax, states: ["active"] });
  const jobs = all.filter(({ definition }) => definition.enabled && definition.trigger.kind !== "manual");
  if (jobs.length === 0)
    return `No job runs by itself yet (roost jobs add); whatever runs costs ${describeCap(settings)}`;
  const names = jobs.slice(0, namesShown).map(({ id }) => id);
  const more = jobs.length > namesShown ? ` and ${jobs.length - namesShown} more` : "";
  const count = next === null ? `${jobs.length}` : `More than ${jobs.length}`;
  const [subject, verb] = jobs.length === 1 && next === null ? ["1 job", "is"] : [`${count} jobs`, "are"];
  return `${subject} ${verb} active (${names.join(", ")}${more}), ${describeCap(settings)}: roost jobs list, roost jobs pause JOB`;
}

function describeCap(settings: Settings): string {
  const caps = budgetCaps(settings).filter(({ scope, usdMax }) => scope === "all" && usdMax !== undefined);
  const texts = caps.map(({ usdMax, window }) => `$${usdMax} ${window === "total" ? "in all" : `a ${window}`}`);
  return texts.length === 0 ? "without a spending cap" : `at most ${texts.join(" and ")}`;
}
