/** Grants: what a person allowed beyond one call. They are given by the answer to an approval, expire, and can be revoked. */
import { createId, RoostError } from "@roost/base";
import { defaultAgent, type GrantScope } from "@roost/contract/operations";
import type { Kernel, KernelTransaction, Run } from "@roost/kernel";

export const grantLimits = {
  sessionMs: 24 * 3_600_000,
  /** Of a job's grants and of those for always: asked again once a season, so that none is forgotten. */
  lastingMs: 90 * 24 * 3_600_000,
} as const;

export interface Grant {
  id: string;
  agent: string;
  tool: string;
  target: string;
  scope: GrantScope;
  /** Null: any run of the agent. */
  of: string | null;
  grantedBy: string;
  grantedAt: Date;
  expiresAt: Date;
  state: "live" | "expired" | "revoked";
  revokedAt: Date | null;
  revokedBy: string | null;
  usedCount: number;
  lastUsedAt: Date | null;
}

const columns = `id, agent, tool, target, scope, nullif(scope_of, '') as of, granted_by as "grantedBy", granted_at as "grantedAt", expires_at as "expiresAt",
  case when revoked_at is not null then 'revoked' when expires_at <= roost.now() then 'expired' else 'live' end as state,
  revoked_at as "revokedAt", revoked_by as "revokedBy", used_count as "usedCount", last_used_at as "lastUsedAt"`;

/** Whose calls may be allowed how. */
type RunInScope = Pick<Run, "agent" | "sessionKey" | "jobId">;

/** What a person may answer for a call of this run. */
export function scopesOf({ sessionKey, jobId }: RunInScope): GrantScope[] {
  // A job's session is as old as the job.
  if (jobId !== null) return ["job", "always"];
  return sessionKey === null ? ["always"] : ["session", "always"];
}

function placeOf(scope: GrantScope, { sessionKey, jobId }: RunInScope): string | null {
  return { session: sessionKey, job: jobId, always: "" }[scope];
}

/** As another home recorded it: one that is here already stays. True: it came. */
export async function importGrant(tx: KernelTransaction, grant: Omit<Grant, "state">): Promise<boolean> {
  const rows = await tx.query(
    `insert into roost.tool_grant (id, agent, tool, target, scope, scope_of, granted_by, granted_at, expires_at, revoked_at, revoked_by, used_count, last_used_at)
     values ($1, $2, $3, $4, $5, coalesce($6, ''), $7, $8, $9, $10, $11, $12, $13) on conflict do nothing returning id`,
    [
      grant.id,
      grant.agent,
      grant.tool,
      grant.target,
      grant.scope,
      grant.of,
      grant.grantedBy,
      grant.grantedAt,
      grant.expiresAt,
      grant.revokedAt,
      grant.revokedBy,
      grant.usedCount,
      grant.lastUsedAt,
    ],
  );
  return rows.length > 0;
}

interface NewGrant {
  scope: GrantScope;
  tool: string;
  target: string;
  /** The run whose call was approved. */
  runId: string;
  by: string;
}

/** In the transaction of the answer. Granted again, it lasts from now. */
export async function grantCalls(tx: KernelTransaction, { scope, tool, target, runId, by }: NewGrant): Promise<void> {
  const [run] = await tx.query<RunInScope>(
    `select agent, session_key as "sessionKey", job_id as "jobId" from roost.run_all where id = $1`,
    [runId],
  );
  const place = run === undefined ? null : placeOf(scope, run);
  if (run === undefined || place === null) return;
  const lastsMs = scope === "session" ? grantLimits.sessionMs : grantLimits.lastingMs;
  const [grant] = await tx.query<Grant>(
    `insert into roost.tool_grant (id, agent, tool, target, scope, scope_of, granted_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, roost.now() + $8 * interval '1 millisecond')
     on conflict (agent, tool, target, scope, scope_of) where revoked_at is null
     do update set expires_at = excluded.expires_at, granted_by = excluded.granted_by, granted_at = excluded.granted_at
     returning ${columns}`,
    [createId(), run.agent ?? defaultAgent, tool, target, scope, place, by, lastsMs],
  );
  const { expiresAt } = grant!;
  tx.emit({
    type: "grant.given",
    subject: grant!.id,
    data: { ...factsOf(grant!), by, expiresAt: expiresAt.toISOString() },
  });
}

/**
 * The grant that allows a call of this run, if there is one. `isAsGranted`: whether what the run's job has it do is what it had its runs do at that
 * time; a grant for a job is for nothing else.
 */
export async function findGrant(
  kernel: Kernel,
  run: RunInScope,
  { tool, target, isAsGranted }: { tool: string; target: string; isAsGranted: (grantedAt: Date) => Promise<boolean> },
): Promise<string | undefined> {
  const found = await kernel.database.query<Pick<Grant, "id" | "scope" | "grantedAt">>(
    `select id, scope, granted_at as "grantedAt" from roost.tool_grant
     where agent = $1 and tool = $2 and target = $3 and revoked_at is null and expires_at > roost.now()
       and (scope = 'always' or scope = 'session' and scope_of = $4 or scope = 'job' and scope_of = $5)
     order by expires_at desc`,
    [run.agent ?? defaultAgent, tool, target, run.sessionKey, run.jobId],
    { name: "grant_of_call" },
  );
  for (const { id, scope, grantedAt } of found) if (scope !== "job" || (await isAsGranted(grantedAt))) return id;
  return undefined;
}

/** Uses a grant for a call. Refused: it was revoked or has expired since, or is for something else. */
export async function redeemGrant(
  kernel: Kernel,
  {
    grantId,
    tool,
    target,
    runId,
    usedBy,
  }: { grantId: string; tool: string; target: string; runId: string; usedBy: string },
): Promise<{ state: "granted" } | { state: "refused"; reason: string }> {
  return kernel.transact(async (tx) => {
    // Invariant: a call that is repeated after a crash is one use.
    const [used] = await tx.query<Grant & { isFirst: boolean }>(
      `update roost.tool_grant g set used_count = g.used_count + (before.last_used_by is distinct from $4)::integer, last_used_at = roost.now(), last_used_by = $4
       from (select last_used_by from roost.tool_grant where id = $1 for no key update) as before
       where g.id = $1 and g.tool = $2 and g.target = $3 and g.revoked_at is null and g.expires_at > roost.now()
       returning ${columns}, before.last_used_by is distinct from $4 as "isFirst"`,
      [grantId, tool, target, usedBy],
    );
    if (used === undefined)
      return { state: "refused", reason: "what allowed it was revoked or has expired. Call it again to ask anew" };
    if (used.isFirst) tx.emit({ type: "grant.used", subject: grantId, data: { ...factsOf(used), runId, usedBy } });
    return { state: "granted" };
  });
}

/** Newest first. `isLive`: those that still allow something. */
export function listGrants(
  kernel: Kernel,
  { isLive, after, limit }: { isLive: boolean; after?: string | undefined; limit: number },
): Promise<Grant[]> {
  return kernel.database.query<Grant>(
    `select ${columns} from roost.tool_grant
     where (not $1 or revoked_at is null and expires_at > roost.now()) and ($2::uuid is null or id < $2)
     order by id desc limit $3`,
    [isLive, after ?? null, limit],
  );
}

/** @throws RoostError `not_found`. Revoked again, it stays as it is. */
export async function revokeGrant(kernel: Kernel, { grantId, by }: { grantId: string; by: string }): Promise<Grant> {
  return kernel.transact(async (tx) => {
    const [revoked] = await tx.query<Grant>(
      `update roost.tool_grant set revoked_at = roost.now(), revoked_by = $2 where id = $1 and revoked_at is null returning ${columns}`,
      [grantId, by],
    );
    if (revoked !== undefined) {
      tx.emit({ type: "grant.revoked", subject: grantId, data: { ...factsOf(revoked), by } });
      return revoked;
    }
    const [known] = await tx.query<Grant>(`select ${columns} from roost.tool_grant where id = $1`, [grantId]);
    if (known === undefined) throw new RoostError("not_found", `no grant has the id ${grantId}: see roost grants`);
    return known;
  });
}

function factsOf({ id: grantId, agent, tool, target, scope, of }: Grant) {
  return { grantId, agent, tool, target, scope, of };
}
