import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { acquireLock, listLocks, releaseLock, renewLock, type Kernel } from "@roost/kernel";
import { namedBy } from "../records/named-by.ts";
import { placeOf, textPlace, toPage } from "../records/page.ts";
import { toWire } from "../records/to-wire.ts";

export function serveLocks({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listLocks, async ({ limit, after }) => {
      const { locks, next } = await listLocks(kernel, { limit, after: placeOf(textPlace, after) });
      return toPage(toWire(locks), next);
    }),

    serve(operations.acquireLock, async ({ holder, ...request }, { signal, principal }) => {
      const asked = { ...request, holder: namedBy(principal, holder), runId: principal.run?.id };
      return toWire(await acquireLock(kernel, asked, { signal }));
    }),

    serve(operations.renewLock, async ({ holder, ...lock }, { principal }) =>
      toWire(await renewLock(kernel, { ...lock, holder: namedBy(principal, holder) })),
    ),

    serve(operations.releaseLock, ({ holder, ...lock }, { principal }) =>
      releaseLock(kernel, { ...lock, holder: namedBy(principal, holder) }),
    ),
  ];
}
