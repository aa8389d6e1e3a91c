/** Reads from the home's history what a run of each job takes, and which resources it uses. */
import type { Sql } from "@roost/database";
import type { JobDefinition } from "@roost/jobs";
import { profileDefaults, type JobProfile, type Resource } from "./job-profile.ts";
import { resourcesInDefinition } from "./resources-in-definition.ts";

/** The last runs of a job that ended well with a model. */
const runsMax = 20;

export interface ProfiledJob {
  id: string;
  definition: JobDefinition;
}

interface History {
  jobId: string;
  runCount: number;
  durationMs: number | null;
  modelCalls: number | null;
  outputTokens: number | null;
  toolResultChars: number | null;
  replyChars: number | null;
}

interface Use {
  jobId: string;
  tool: string;
  name: string;
  count: number;
}

/** One query for all jobs: runs in history have an index by job, the others are few. */
const lastRuns = `
  last as (
    select run_all.job_id, run_all.id, run_all.started_at, run_all.ended_at, run_all.call_count, run_all.output
    from (
      select id, row_number() over (partition by job_id order by id desc) as place from roost.run_all
      where job_id = any($1::text[]) and state = 'done' and not is_rehearsed and call_count > 0) as placed
    join roost.run_all on run_all.id = placed.id where placed.place <= $2)`;

export async function readProfiles(home: Sql, jobs: readonly ProfiledJob[]): Promise<Map<string, JobProfile>> {
  const ids = jobs.map(({ id }) => id);
  const histories = await home.query<History>(
    `with ${lastRuns},
     model as (
       select last.job_id, percentile_cont(0.5) within group (order by (step.usage ->> 'outputTokens')::float8) as tokens
       from last join roost.step_all as step on step.run_id = last.id and step.kind = 'model' and step.state = 'done' group by last.job_id),
     tool as (
       select last.job_id, percentile_cont(0.5) within group (order by length(step.output::text)) as chars
       from last join roost.step_all as step on step.run_id = last.id and step.kind = 'tool' and step.state = 'done' group by last.job_id)
     select last.job_id as "jobId", count(*)::int as "runCount", max(model.tokens) as "outputTokens", max(tool.chars) as "toolResultChars",
       percentile_cont(0.5) within group (order by extract(epoch from last.ended_at - last.started_at) * 1000) as "durationMs",
       percentile_cont(0.5) within group (order by last.call_count) as "modelCalls",
       percentile_cont(0.5) within group (order by coalesce(length(last.output ->> 'text'), 0)) as "replyChars"
     from last left join model on model.job_id = last.job_id left join tool on tool.job_id = last.job_id group by last.job_id`,
    [ids, runsMax],
  );
  const uses = await readUses(home, ids);
  const profiles = new Map<string, JobProfile>();
  for (const { id, definition } of jobs) {
    const history = histories.find((each) => each.jobId === id);
    const runCount = history?.runCount ?? 0;
    const used = uses.filter((use) => use.jobId === id).map((use) => toResource(use, runCount));
    profiles.set(id, {
      durationMs: Math.max(1, Math.round(history?.durationMs ?? profileDefaults.durationMs)),
      modelCalls: Math.max(1, Math.round(history?.modelCalls ?? profileDefaults.modelCalls)),
      outputTokens: Math.max(1, Math.round(history?.outputTokens ?? profileDefaults.outputTokens)),
      toolResultChars: Math.round(history?.toolResultChars ?? profileDefaults.toolResultChars),
      replyChars: Math.round(history?.replyChars ?? profileDefaults.replyChars),
      runCount,
      resources: merge(used, resourcesInDefinition(id, definition)),
    });
  }
  return profiles;
}

/** Locks that were taken, states and files that were written, scopes in which subjects were reserved. */
async function readUses(home: Sql, ids: string[]): Promise<Use[]> {
  return home.query<Use>(
    `with ${lastRuns},
     used as (
       select last.job_id, last.id, split_part(substr(step.name, 6), '#', 1) as tool, step.input
       from last join roost.step_all as step on step.run_id = last.id and step.kind = 'tool' and step.state = 'done')
     select job_id as "jobId", tool, coalesce(input ->> 'name', input ->> 'path', input ->> 'scope') as name, count(distinct id)::int as count
     from used where tool in ('lock', 'set_state', 'write_file', 'reserve_subject') and coalesce(input ->> 'name', input ->> 'path', input ->> 'scope') is not null
     group by 1, 2, 3 order by 1, 2, 3 limit 2000`,
    [ids, runsMax],
  );
}

function toResource({ tool, name, count }: Use, runCount: number): Resource {
  const kinds: Record<string, Resource["kind"]> = {
    lock: "lock",
    set_state: "state",
    write_file: "file",
    reserve_subject: "subject",
  };
  return {
    kind: kinds[tool] ?? "file",
    name: name.slice(0, 200),
    evidence: `${count} of its last ${runCount} runs`,
  };
}

/** Observations count more than text. */
function merge(seen: Resource[], written: Resource[]): Resource[] {
  const isSeen = (one: Resource) => seen.some((other) => other.kind === one.kind && other.name === one.name);
  return [...seen, ...written.filter((one) => !isSeen(one))];
}
