/** How far a rehearsal has come. Who comes back is told where it is by then. */
import type { StreamItem } from "@roost/contract";
import type { Rehearsal } from "@roost/contract/operations";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function watchRehearsal({ rehearsals }: GatewayContext): ApiHandler<"watchRehearsal"> {
  return async ({ rehearsalId }, { signal }) => {
    // Refused before the stream begins when there is none.
    rehearsals.get(rehearsalId);
    return items(rehearsals.watch(rehearsalId, signal));
  };
}

async function* items(states: AsyncGenerator<Rehearsal>): AsyncGenerator<StreamItem<Rehearsal>> {
  for await (const rehearsal of states) yield { id: rehearsal.playedUntil, event: rehearsal.state, data: rehearsal };
}
