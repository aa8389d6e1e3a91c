import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { acquireLock, listLocks, releaseLock, renewLock, type Kernel } from "@roost/kernel";
import { placeOf, textPlace, toPage } from "../records/page.ts";
import { toWire } from "../records/to-wire.ts";

export function serveLocks({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listLocks, async ({ limit, after }) => {
      const { locks, next } = await listLocks(kernel, { limit, after: placeOf(textPlace, after) });
      return toPage(toWire(locks), next);
    }),

    serve(operations.acquireLock, async ({ purpose, ...request }, { signal }) =>
      toWire(await acquireLock(kernel, { ...request, purpose }, { signal })),
    ),

    serve(operations.renewLock, async (lock) => toWire(await renewLock(kernel, lock))),

    serve(operations.releaseLock, (lock) => releaseLock(kernel, lock)),
  ];
}
