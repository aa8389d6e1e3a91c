import { serve, type Served, type StreamItem } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Rehearsals } from "../rehearsals/create-rehearsals.ts";

export function serveRehearsals({ rehearsals }: { rehearsals: Rehearsals }): Served[] {
  return [
    serve(operations.startRehearsal, ({ hours, from, jobs }) => ({
      rehearsal: rehearsals.start({ hours, fromMs: from === undefined ? undefined : Date.parse(from), jobs }),
    })),

    serve(operations.getRehearsal, ({ rehearsalId }) => rehearsals.get(rehearsalId)),

    serve(operations.cancelRehearsal, async ({ rehearsalId }) => ({ rehearsal: await rehearsals.cancel(rehearsalId) })),

    serve(operations.watchRehearsal, async ({ rehearsalId }, { signal }) => {
      // An unknown id is refused before the stream begins.
      rehearsals.get(rehearsalId);
      return items(rehearsals.watch(rehearsalId, signal));
    }),
  ];
}

/** Progress of a rehearsal. A reader that reconnects gets the current progress. */
async function* items(states: AsyncGenerator<operations.Rehearsal>): AsyncGenerator<StreamItem<operations.Rehearsal>> {
  for await (const rehearsal of states) yield { id: rehearsal.playedUntil, event: rehearsal.state, data: rehearsal };
}
