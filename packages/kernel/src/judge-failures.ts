/**
 * Many failures of the same kind are a fault of the home (a full disk, a bug), not of the items: it is reported once, and none is set aside for it.
 */
import { toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import type { Kernel } from "./open-kernel.ts";
import { raiseNotice } from "./raise-notice.ts";

export interface Failure {
  id: string;
  error: unknown;
}

/** Fewer items tell nothing about the home. */
const triedMin = 3;
/** More than this share of them. */
const faultShare = 1 / 3;
/** After this long without it, a fault counts as a new one. */
const quietMs = 600_000;
const keepMs = 86_400_000;

export interface JudgedFailures {
  /** What too many have in common; undefined: nothing. */
  fault: Failure | undefined;
  /** How long that has been known. */
  sinceMs: number;
  /** Failures of single items. */
  own: Failure[];
}

/**
 * Tells a fault of the home from failures of single items in one pass, and reports it to the person: once while it lasts. A known fault counts even
 * where few were tried.
 */
export async function judgeFailures(
  kernel: Kernel,
  what: string,
  { failures, triedCount }: { failures: readonly Failure[]; triedCount: number },
): Promise<JudgedFailures> {
  if (failures.length === 0) return { fault: undefined, sinceMs: 0, own: [] };
  const common = findCommon(failures, triedCount) ?? (await findKnown(kernel, what, failures));
  if (common === undefined) return { fault: undefined, sinceMs: 0, own: [...failures] };
  const kind = failureKind(common);
  return {
    fault: common,
    sinceMs: await tellFault(kernel, what, common),
    own: failures.filter((failure) => failureKind(failure) !== kind),
  };
}

function findCommon(failures: readonly Failure[], triedCount: number): Failure | undefined {
  if (triedCount < triedMin) return undefined;
  const counts = new Map<string, number>();
  return failures.find((failure) => {
    const kind = failureKind(failure);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count > triedCount * faultShare;
  });
}

async function findKnown(kernel: Kernel, what: string, failures: readonly Failure[]): Promise<Failure | undefined> {
  const [known] = await kernel.database.query<{ kind: string }>(
    `select result ->> 'kind' as kind from roost.idempotency_key
     where scope = 'fault_of_home' and key = $1 and (result ->> 'at')::timestamptz > roost.now() - $2 * interval '1 millisecond'`,
    [what, quietMs],
  );
  return known === undefined ? undefined : failures.find((failure) => failureKind(failure) === known.kind);
}

/** The same failure of two items has the same text apart from names and numbers. */
export function failureKind({ id, error }: Failure): string {
  const { code, message } = toRoostError(error);
  return `${code} ${message.replaceAll(id, "…").replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, "#")}`;
}

/** Returns how long it has been known. Best effort: the fault may prevent this write too. */
async function tellFault(kernel: Kernel, what: string, fault: Failure): Promise<number> {
  const reason = toRoostError(fault.error).message;
  kernel.logger.error("a failure of many is a fault of the home: none is set aside", { what, error: fault.error });
  try {
    return await kernel.transact(async (tx) => {
      // Invariant: the notice and its key commit together, so of repeated failures the first is reported.
      const [row] = await tx.query<{ sinceMs: number; isNew: boolean }>(
        `insert into roost.idempotency_key as known (scope, key, result, created_at, expires_at)
         values ('fault_of_home', $1, jsonb_build_object('at', roost.now(), 'kind', $4::text), roost.now(), roost.now() + $3 * interval '1 millisecond')
         on conflict (scope, key) do update set result = excluded.result, expires_at = excluded.expires_at,
           created_at = case when (known.result ->> 'at')::timestamptz < roost.now() - $2 * interval '1 millisecond'
             or known.result ->> 'kind' <> $4 then roost.now() else known.created_at end
         returning created_at = roost.now() as "isNew", (extract(epoch from roost.now() - created_at) * 1000)::float8 as "sinceMs"`,
        [what, quietMs, keepMs, failureKind(fault)],
      );
      if (row?.isNew !== true) return row?.sinceMs ?? 0;
      const text = `Several ${what}s cannot be carried out for the same reason: ${reason}. This is a fault of the home, not of each of them: they are retried until it is fixed. See roost doctor`;
      raiseNotice(tx, { level: "warning", text: clipText(text, reasonCharsMax), source: "scheduler" });
      return 0;
    });
  } catch (failure) {
    kernel.logger.error("a fault of the home could not be reported", { what, error: failure });
    return 0;
  }
}
