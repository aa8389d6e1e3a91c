/** Webhooks that come in: list, add, rotate, remove. */
import { addHook, listHooks, removeHook, rotateHook, type InboundHook, type InboundHooks } from "@roost/access";
import { placeOf, readPage, serve, textPlace, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { isoOrNull } from "../records/iso.ts";
import { hooksPath } from "../serve-hooks.ts";

export function serveHookOperations({ hooks }: { hooks: InboundHooks }): Served[] {
  const { kernel, keys } = hooks;
  const changed = <Result>(result: Result): Result => {
    hooks.forget();
    return result;
  };
  return [
    serve(operations.listHooks, async ({ limit, after }) => {
      const { rows, next } = await readPage(
        limit,
        (most) => listHooks(kernel, { limit: most, after: placeOf(textPlace, after) }),
        ({ name }) => name,
      );
      return toPage(rows.map(toHookRecord), next);
    }),
    serve(operations.addHook, async (given, { principal }) => {
      const { hook, key } = changed(await addHook(kernel, keys, { ...given, by: principal.id }));
      return { hook: toHookRecord(hook), key: key ?? null };
    }),
    serve(operations.rotateHook, async (given, { principal }) => {
      const { hook, key } = changed(await rotateHook(kernel, keys, { ...given, by: principal.id }));
      return { hook: toHookRecord(hook), key };
    }),
    serve(operations.removeHook, async ({ name }, { principal }) => ({
      hook: toHookRecord(changed(await removeHook(kernel, keys, { name, by: principal.id }))),
    })),
  ];
}

function toHookRecord({ createdAt, receivedAt, ...hook }: InboundHook): operations.HookRecord {
  return {
    ...hook,
    path: `${hooksPath}/${hook.name}`,
    createdAt: createdAt.toISOString(),
    receivedAt: isoOrNull(receivedAt),
  };
}
