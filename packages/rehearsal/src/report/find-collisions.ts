/** Runs of two jobs, or two of one, that use the same exclusive resource at the same time: by who uses what, and when they run. */
import type { RehearsedCollision } from "@roost/contract/operations";
import type { JobProfile, Resource } from "../profile/job-profile.ts";
import type { RunNames } from "./name-runs.ts";
import type { PlayedRun } from "./read-played.ts";
import { meetings, type Span } from "./spans.ts";

interface Use extends Span {
  run: PlayedRun;
  jobId: string;
}

export interface CollisionQuestion {
  runs: readonly PlayedRun[];
  profiles: ReadonlyMap<string, JobProfile>;
  names: RunNames;
  untilMs: number;
}

export function findCollisions({ runs, profiles, names, untilMs }: CollisionQuestion): RehearsedCollision[] {
  const collisions: RehearsedCollision[] = [];
  const add = (
    kind: RehearsedCollision["kind"],
    name: string,
    uses: readonly Use[],
    evidenceOf: (jobId: string) => string,
  ) => {
    const met = meetings(uses);
    const [first] = met;
    if (first === undefined) return;
    const jobs = [...new Set(met.flat().map(({ jobId }) => jobId))].toSorted();
    collisions.push({
      kind,
      name: name.slice(0, 200),
      jobs,
      count: met.length,
      firstAt: new Date(first[1].fromMs).toISOString(),
      runs: first.map(({ run }) => names.of(run.id)),
      evidence: jobs
        .map((jobId) => `${jobId}: ${evidenceOf(jobId)}`)
        .join("; ")
        .slice(0, 2_000),
    });
  };
  for (const [key, users] of usersOf(profiles)) {
    const { kind, name } = JSON.parse(key) as Pick<Resource, "kind" | "name">;
    const uses = runs.flatMap((run) =>
      run.jobId !== null && users.has(run.jobId) ? working(run, run.jobId, untilMs) : [],
    );
    add(kind, name, uses, (jobId) => users.get(jobId) ?? "");
  }
  return collisions.toSorted((a, b) => b.count - a.count || (a.firstAt < b.firstAt ? -1 : 1));
}

/** resource → the jobs that use it → the evidence. */
function usersOf(profiles: ReadonlyMap<string, JobProfile>): Map<string, Map<string, string>> {
  const users = new Map<string, Map<string, string>>();
  for (const [jobId, { resources }] of profiles) {
    for (const { kind, name, evidence } of resources) {
      const key = JSON.stringify({ kind, name });
      const known = users.get(key) ?? new Map<string, string>();
      known.set(jobId, evidence);
      users.set(key, known);
    }
  }
  return users;
}

function working(run: PlayedRun, jobId: string, untilMs: number): Use[] {
  if (run.startedAt === null) return [];
  return [{ run, jobId, fromMs: run.startedAt.getTime(), untilMs: run.endedAt?.getTime() ?? untilMs }];
}
