/** The list of runs as its screen needs it: pages, moves of rows that are shown, and a count of new ones. */
import type { RunState, RunSummary } from "@roost/contract/operations";
import { useCallback, useEffect, useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { usePages } from "../../live/use-pages.ts";

export interface RunFilter {
  state?: RunState[] | undefined;
  jobId?: string | undefined;
  sessionKey?: string | undefined;
}

const pageSize = 200;

/** Runs that fit, page by page; rows that are seen move, and new ones are counted until they are asked for. */
export function useRunPages(filter: RunFilter) {
  const { client } = useConsole();
  const [newCount, setNewCount] = useState(0);
  const pages = usePages<RunSummary>(JSON.stringify(filter), (after) => {
    if (after === undefined) setNewCount(0);
    return client.listRuns({ ...filter, limit: pageSize, after });
  });
  const onNew = useCallback(() => setNewCount((count) => count + 1), []);
  useMoved(pages.change, onNew);
  return { ...pages, newCount };
}

const togetherMs = 700;

/** Runs of the list that moved are read again, together. */
function useMoved(change: (turn: (run: RunSummary) => RunSummary) => void, onNew: () => void) {
  const { client, live } = useConsole();
  useEffect(() => {
    const moved = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const readMoved = async () => {
      timer = undefined;
      const ids = [...moved].slice(0, 100);
      moved.clear();
      const { items } = await client.listRuns({ ids, limit: ids.length }).catch(() => ({ items: [] }));
      const byId = new Map(items.map((run) => [run.id, run]));
      change((run) => byId.get(run.id) ?? run);
    };
    const stop = live.onEvent(({ topic, type, data }) => {
      if (topic !== "runs" || typeof data["runId"] !== "string") return;
      if (type === "run.created") onNew();
      moved.add(data["runId"]);
      timer ??= setTimeout(() => void readMoved(), togetherMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, live, change, onNew]);
}
