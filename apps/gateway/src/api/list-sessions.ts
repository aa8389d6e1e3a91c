import { listSessions as readSessions } from "@roost/memory";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { readLiveRuns } from "../records/read-live-runs.ts";
import { toSessionRecord } from "../records/to-session.ts";

export function listSessions({ kernel, memory }: GatewayContext): ApiHandler<"listSessions"> {
  return async ({ limit, after, kind }) => {
    const page = await readSessions(memory, {
      limit,
      ...(after === undefined ? {} : { after }),
      ...(kind === undefined ? {} : { kind }),
    });
    const sessions = await Promise.all(
      page.sessions.map(async (session) => toSessionRecord(session, await readLiveRuns(kernel, session.key))),
    );
    return { sessions, next: page.next };
  };
}
