/** Consumer groups and dead letters: list, reset, skip, retry, drop. The kernel owns how groups read. */
import { numberPlace, placeOf, readPage, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { readEventTopics } from "@roost/jobs";
import {
  dropDeadLetters,
  getGroup,
  listDeadLetters,
  listGroups,
  removeGroup,
  resetGroup,
  retryAgain,
  skipEvent,
  type Kernel,
  type ResetTarget,
} from "@roost/kernel";
import { toWire } from "../records/to-wire.ts";

export function serveGroups({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listGroups, async ({ limit, after }) => {
      const read = { after: placeOf(textPlace, after), neededTopics: await readEventTopics(kernel) };
      const { rows, next } = await readPage(
        limit,
        (most) => listGroups(kernel.database, { ...read, limit: most }),
        ({ name }) => name,
      );
      return toPage(toWire(rows), next);
    }),

    serve(operations.getGroup, async ({ group }) => ({
      group: toWire(await getGroup(kernel.database, group, { neededTopics: await readEventTopics(kernel) })),
    })),

    serve(operations.resetGroup, async ({ group, to, offset, since, topic, partition, force }, { principal }) => {
      const target: ResetTarget =
        offset !== undefined
          ? { kind: "offset", offset }
          : since !== undefined
            ? { kind: "time", time: new Date(since) }
            : { kind: to ?? "earliest" };
      return {
        moved: await resetGroup(kernel, { group, to: target, topic, partition, by: principal.id, isForced: force }),
      };
    }),

    serve(operations.skipEvent, (skip, { principal }) => skipEvent(kernel, { ...skip, by: principal.id })),

    serve(operations.removeGroup, async ({ group }, { principal }) => {
      await removeGroup(kernel, { group, by: principal.id });
      return { removed: true };
    }),

    serve(operations.listDeadLetters, async ({ limit, after, ...query }) => {
      const read = { ...query, after: placeOf(numberPlace, after) };
      const { rows, next } = await readPage(
        limit,
        (most) => listDeadLetters(kernel.database, { ...read, limit: most }),
        ({ number }) => number,
      );
      return toPage(toWire(rows), next);
    }),

    serve(operations.retryDeadLetters, async (choice) => ({ count: await retryAgain(kernel, choice) })),

    serve(operations.dropDeadLetters, async (choice, { principal }) => ({
      count: await dropDeadLetters(kernel, { ...choice, by: principal.id }),
    })),
  ];
}
