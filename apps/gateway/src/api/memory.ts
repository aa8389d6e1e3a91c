/** What the home remembers: recall, and facts as people keep them. */
import { RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage, uuidPlace, type Served } from "@roost/contract";
import { formatLabels, isUntrusted } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import {
  acceptFact,
  getFact,
  listFacts,
  recall,
  remember,
  removeFact,
  settleMemoryFile,
  type Memory,
} from "@roost/memory";
import type { RecallServices } from "../recall-services.ts";
import { iso } from "../records/iso.ts";
import { toHomeFact } from "../records/to-home-fact.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { maySeeMain } from "../security/may-see-main.ts";

const as = { kind: "main" as const };

export function serveMemory({ memory, recallServices }: { memory: Memory; recallServices: RecallServices }): Served[] {
  const { kernel } = memory;
  return [
    serve(operations.recall, async ({ query, limit, tokensMax, since, until, ...given }, { principal }) => {
      // What was said in conversations takes the scope `main`, as reading a session of the person does.
      const kinds = maySeeMain(principal.scopes)
        ? given.kinds
        : (given.kinds ?? operations.recalledKinds).filter((kind) => kind !== "conversation");
      // Kinds and times are the home's own.
      const isOwn = given.kinds !== undefined || since !== undefined || until !== undefined;
      const ofServices = isOwn ? undefined : recallServices({ query, limit }, principal);
      const found = await recall(memory, {
        query,
        as,
        limit,
        tokensMax,
        kinds,
        since: dateOf(since),
        until: dateOf(until),
        withMarked: true,
      });
      return {
        lines: found.lines.map(({ score: _score, runId: _runId, at, labels, ...line }) => ({
          ...line,
          at: iso(at),
          labels: formatLabels(labels),
        })),
        markedCount: found.lines.filter(({ labels }) => isUntrusted(labels)).length,
        ...((await ofServices) ?? { services: [], unanswered: [] }),
      };
    }),

    serve(operations.listFacts, async ({ limit, after, withClosed, isClaim }) => {
      const place = placeOf(uuidPlace, after);
      const read = (count: number) => listFacts(memory, { limit: count, after: place, withClosed, isClaim });
      const { rows, next } = await readPage(limit, read, ({ id }) => id);
      return toPage(rows.map(toHomeFact), next);
    }),

    serve(operations.rememberFact, async (given, { principal }) => {
      const { subject, attribute, value } = given;
      const hasParts = subject !== undefined && attribute !== undefined && value !== undefined;
      const { fact } = await remember(memory, {
        text: given.text,
        parts: hasParts ? { subject, attribute, value } : undefined,
        isMany: given.isMany,
        since: dateOf(given.since),
        corrects: given.corrects,
        reason: given.reason,
        as,
        by: principal.id,
      });
      if (fact === undefined) throw new RoostError("internal", "a fact without a key was not kept");
      return { fact: toHomeFact(await getFact(memory, fact.id)), closedCount: fact.closed.length };
    }),

    serve(operations.removeFact, async ({ factId, until, reason }, { principal }) => {
      const id = requireUuid("fact", factId);
      await kernel.transact((tx) => removeFact(tx, { id, by: principal.id, reason, until: dateOf(until) }));
      await settleMemoryFile(memory);
      return { fact: toHomeFact(await getFact(memory, id)) };
    }),

    serve(operations.acceptFact, async ({ factId }, { principal }) => {
      const id = requireUuid("fact", factId);
      await kernel.transact((tx) => acceptFact(tx, { id, by: principal.id }));
      await settleMemoryFile(memory);
      return { fact: toHomeFact(await getFact(memory, id)) };
    }),
  ];
}

function dateOf(written: string | undefined): Date | undefined {
  return written === undefined ? undefined : new Date(written);
}
