import { reserveSubject, listSubjects, releaseSubject } from "@roost/subjects";
import { placeOf, serve, type Served, toPage, uuidPlace } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { toldTo, writerOf } from "../security/told-to.ts";
import { isItself, namedBy } from "../records/named-by.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toWire } from "../records/to-wire.ts";

export function serveSubjects({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listSubjects, async ({ limit, after, scope }, { principal }) => {
      const { subjects, next } = await listSubjects(kernel, {
        limit,
        after: placeOf(uuidPlace, after),
        scope,
      });
      const told = await toldTo(kernel, principal, subjects, ({ labels }) =>
        kernel.labelSets.read(kernel.database, labels),
      );
      return toPage(
        told.map(({ subjectId, labels: _told, ...subject }) => ({ id: subjectId, ...toWire(subject) })),
        next,
      );
    }),

    serve(operations.reserveSubject, async ({ by, ...request }, { principal }) => {
      const { run } = principal;
      const clearance = run === undefined ? "all" : (run.clearance ?? []);
      const subject = { ...request, by: namedBy(principal, by), clearance, ...writerOf(principal) };
      const { labels: ofOthers, ...answer } = await reserveSubject(kernel, subject);
      answer.similar = await toldTo(kernel, principal, answer.similar, () => ofOthers);
      return toWire(answer);
    }),

    serve(operations.releaseSubject, ({ subjectId: id }, { principal }) => {
      const subjectId = requireUuid("subject", id);
      return releaseSubject(kernel, { subjectId, by: isItself(principal) ? principal.id : undefined });
    }),
  ];
}
