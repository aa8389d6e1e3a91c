/** InboundHooks: listed, added, changed and removed. Each change is an event. */
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { hookColumns, type InboundHook, type HookForm } from "./inbound-hook.ts";
import { newestKey, type HookKey, type HookKeys } from "./hook-keys.ts";
import { createHookKey } from "./sign-message.ts";

export interface NewHook {
  name: string;
  form: HookForm;
  /** Where its key is kept. Default: one is made. */
  keyRef?: string | undefined;
  /** Who adds it. */
  by: string;
}

const hooksMax = 200;
/** Keys of a hook that count at a time. */
const keysMax = 10;

/** By name. */
export async function listHooks(
  kernel: Kernel,
  query: { limit: number; after?: string | undefined },
): Promise<InboundHook[]> {
  return kernel.database.query<InboundHook>(
    `select ${hookColumns} from access.hook where $1::text is null or name > $1 order by name limit $2`,
    [query.after ?? null, query.limit],
  );
}

/**
 * The key is told here and nowhere else; undefined: it is kept elsewhere.
 * @throws RoostError `conflict` when there is one of this name, `limit_exceeded`, and what reading a reference throws
 */
export async function addHook(
  kernel: Kernel,
  keys: HookKeys,
  { name, form, keyRef, by }: NewHook,
): Promise<{ hook: InboundHook; key: string | undefined }> {
  const id = kernel.createId();
  const key = keyRef === undefined ? createHookKey() : undefined;
  // First: without its key a hook refuses everything, and a key without a hook is harmless.
  if (key === undefined) await keys.read({ id, keyRef: keyRef! });
  else await keys.write(id, [newestKey(key)]);
  try {
    const hook = await kernel.transact(async (tx) => {
      const [counted] = await tx.query<{ count: number }>("select count(*)::int as count from access.hook");
      if ((counted?.count ?? 0) >= hooksMax)
        throw new RoostError("limit_exceeded", `there are ${hooksMax} hooks (the limit): remove some`);
      const [made] = await tx.query<InboundHook>(
        `insert into access.hook (id, name, form, key_ref, created_by) values ($1, $2, $3, $4, $5)
         on conflict (name) do nothing returning ${hookColumns}`,
        [id, name, form, keyRef ?? null, by],
      );
      if (made === undefined)
        throw new RoostError("conflict", `there is a hook "${name}" already: choose another name, or remove it first`);
      tellChange(tx, "hook.added", made, { form, by });
      return made;
    });
    return { hook, key };
  } catch (error) {
    await keys.remove(id);
    throw error;
  }
}

/** @throws RoostError `not_found` */
export async function removeHook(
  kernel: Kernel,
  keys: HookKeys,
  { name, by }: { name: string; by: string },
): Promise<InboundHook> {
  const hook = await kernel.transact(async (tx) => {
    const [gone] = await tx.query<InboundHook>(`delete from access.hook where name = $1 returning ${hookColumns}`, [
      name,
    ]);
    if (gone === undefined) throw unknown(name);
    tellChange(tx, "hook.removed", gone, { by });
    return gone;
  });
  await keys.remove(hook.id);
  return hook;
}

/**
 * A new key, told here and nowhere else. The one before counts for so long, and those before it as long as was said; after an overlap of 0 none does.
 * @throws RoostError `not_found`, `conflict` for a hook whose key is kept elsewhere, `limit_exceeded` when too many keys count still
 */
export async function rotateHook(
  kernel: Kernel,
  keys: HookKeys,
  { name, overlapMs, by }: { name: string; overlapMs: number; by: string },
): Promise<{ hook: InboundHook; key: string }> {
  const key = createHookKey();
  const { hook, before } = await kernel.transact(async (tx) => {
    const [known] = await tx.query<InboundHook>(`select ${hookColumns} from access.hook where name = $1 for update`, [
      name,
    ]);
    if (known === undefined) throw unknown(name);
    if (known.keyRef !== null)
      throw new RoostError("conflict", `the key of "${name}" is kept at ${known.keyRef}: change it there`);
    // A key that is lost is no reason to keep a hook without one.
    const all = overlapMs === 0 ? [] : await keys.read(known).catch(() => []);
    const nowMs = kernel.clock.nowMs();
    const counting = all
      .map((each) => ({ ...each, untilMs: Math.min(each.untilMs, nowMs + (each === all[0] ? overlapMs : Infinity)) }))
      .filter(({ untilMs }) => untilMs > nowMs);
    if (counting.length >= keysMax) throw tooManyKeys(name, counting);
    tellChange(tx, "hook.rotated", known, { by });
    return { hook: known, before: counting };
  });
  // After the commit: a crash in between leaves the key that the sender has.
  await keys.write(hook.id, [newestKey(key), ...before]);
  return { hook, key };
}

function tooManyKeys(name: string, counting: readonly HookKey[]): RoostError {
  const until = new Date(Math.min(...counting.map(({ untilMs }) => untilMs))).toISOString();
  return new RoostError(
    "limit_exceeded",
    `${keysMax} keys of "${name}" count still (the limit), one of them until ${until}: wait, or end them all with an overlap of 0`,
  );
}

function tellChange(
  tx: KernelTransaction,
  type: "hook.added" | "hook.removed" | "hook.rotated",
  { id, name }: InboundHook,
  data: { by: string; form?: HookForm },
): void {
  tx.emit({ type, subject: id, labels: formatLabels(mainLabels), data: { hookId: id, name, ...data } });
}

function unknown(name: string): RoostError {
  return new RoostError("not_found", `there is no hook "${name.slice(0, 100)}": see roost hooks list`);
}
