import { RoostError } from "@roost/base";
import { readTranscript, getSession as readSession } from "@roost/memory";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { readLiveRuns } from "../records/read-live-runs.ts";
import { toMessageRecord, toSessionRecord } from "../records/to-session.ts";

export function getSession({ kernel, memory }: GatewayContext): ApiHandler<"getSession"> {
  return async ({ sessionKey, limit, after }) => {
    const session = await readSession(memory, sessionKey);
    if (session === undefined)
      throw new RoostError("not_found", `There is no session "${sessionKey}": look at the list of sessions`);
    const [page, live] = await Promise.all([
      readTranscript(memory, sessionKey, {
        limit,
        ...(after === undefined ? {} : { before: Number(requireCursor("number", after)) }),
      }),
      readLiveRuns(kernel, sessionKey),
    ]);
    return {
      session: toSessionRecord(session, live),
      messages: page.messages.map(toMessageRecord),
      next: page.next === null ? null : String(page.next),
    };
  };
}
