/** Jobs to begin with: files of Roost that a person copies into the home, with what a day of each may cost. */
import { join } from "node:path";
import { jsonObjectOf, RoostError } from "@roost/base";
import { NamedJobDefinition, type ExampleJobRecord } from "@roost/contract/operations";
import { previewMoments } from "@roost/jobs";
import { listDefinitionFiles, parseJobDocuments, readDefinitionFile } from "@roost/jobs/files";

/** Moments that are looked at: a week of a job that is due every ten minutes. */
const momentsMax = 1_000;

export interface ExampleJobsOptions {
  timeZone: string;
  nowMs: number;
  /** Those of these ids that are jobs of the home. */
  findKnown: (ids: string[]) => Promise<ReadonlySet<string>>;
}

/** In the order of their ids. */
export async function readExampleJobs(directory: string, options: ExampleJobsOptions): Promise<ExampleJobRecord[]> {
  const names = await listDefinitionFiles(directory);
  const jobs = await Promise.all(names.map((name) => readExampleJob(join(directory, name), options)));
  const known = await options.findKnown(jobs.map(({ id }) => id));
  return jobs.map((job) => ({ ...job, isOn: known.has(job.id) }));
}

async function readExampleJob(
  path: string,
  { timeZone, nowMs }: ExampleJobsOptions,
): Promise<Omit<ExampleJobRecord, "isOn">> {
  const text = await readDefinitionFile(path);
  const [document] = parseJobDocuments(text);
  const parsed = NamedJobDefinition.safeParse(jsonObjectOf(document));
  if (!parsed.success) throw new RoostError("internal", `${path} is no job: ${parsed.error.message}`);
  const { id, title, trigger, budget } = parsed.data;
  const from = new Date(nowMs);
  const { moments } = previewMoments(trigger, { timeZone, from, count: momentsMax });
  const dayOf = new Intl.DateTimeFormat("sv-SE", { timeZone });
  const perDay = new Map<string, number>();
  for (const { at } of moments) {
    const day = dayOf.format(at);
    perDay.set(day, (perDay.get(day) ?? 0) + 1);
  }
  const runsPerDay = Math.max(0, ...perDay.values());
  return {
    id,
    title: title ?? id,
    what: /^# *(.*)$/m.exec(text)?.[1] ?? "",
    path: `jobs/${id}.yaml`,
    text,
    runsPerDay,
    usdPerDayMax: budget?.usdMax === undefined ? null : budget.usdMax * runsPerDay,
  };
}
