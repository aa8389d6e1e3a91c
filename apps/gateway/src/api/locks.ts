import { placeOf, serve, type Served, textPlace, toPage } from "@roost/contract";
import { openLabels, placedFor } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import {
  acquireLock,
  listLocks,
  readRunLabels,
  releaseLock,
  renewLock,
  type HeldLockRow,
  type Kernel,
} from "@roost/kernel";
import { openText, toldTo, writerOf } from "../security/told-to.ts";
import { namedBy } from "../records/named-by.ts";
import { toWire } from "../records/to-wire.ts";

export function serveLocks({ kernel }: { kernel: Kernel }): Served[] {
  // A name is a text too: it is as trustworthy as the run that took the lock, and all callers may read it.
  const labelsOf = async ({ runId }: HeldLockRow) =>
    runId === null ? openLabels : placedFor(await readRunLabels(kernel, runId), []);
  return [
    serve(operations.listLocks, async ({ limit, after }, { principal }) => {
      const { locks, next } = await listLocks(kernel, { limit, after: placeOf(textPlace, after) });
      const told = await toldTo(kernel, principal, locks, labelsOf);
      return toPage(toWire(told), next);
    }),

    serve(operations.acquireLock, async ({ holder, purpose, ...request }, { signal, principal }) => {
      const said = { holder: namedBy(principal, holder), purpose: openText(principal, purpose) };
      const asked = { ...request, ...said, ...writerOf(principal) };
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
