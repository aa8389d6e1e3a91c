/** The list of runs as its screen needs it: pages, moves of rows that are shown, and a count of new ones. */
import type { RunState, RunSummary } from "@roost/contract/operations";
import { useCallback, useEffect, useRef, useState } from "react";
import { useConsole } from "../../live/console-context.ts";

export interface RunFilter {
  state?: RunState[];
  jobId?: string;
  sessionKey?: string;
}

interface Pages {
  rows: readonly RunSummary[] | undefined;
  next: string | null;
  error: Error | undefined;
}

const pageSize = 200;
const none: Pages = { rows: undefined, next: null, error: undefined };

/** Runs that fit, page by page; rows that are seen move, and new ones are counted until they are asked for. */
export function useRunPages(filter: RunFilter) {
  const { client } = useConsole();
  const key = JSON.stringify(filter);
  const [pages, setPages] = useState(none);
  const [newCount, setNewCount] = useState(0);
  const reading = useRef(false);
  const read = useCallback(
    async (after: string | undefined) => {
      if (reading.current) return;
      reading.current = true;
      try {
        const asked = JSON.parse(key) as RunFilter;
        const page = await client.listRuns({ ...asked, limit: pageSize, ...(after === undefined ? {} : { after }) });
        setPages(({ rows = [] }) => ({
          rows: after === undefined ? page.items : [...rows, ...page.items],
          next: page.next,
          error: undefined,
        }));
        if (after === undefined) setNewCount(0);
      } catch (error) {
        setPages((before) => ({ ...before, error: error as Error }));
      }
      reading.current = false;
    },
    [client, key],
  );
  const reload = useCallback(() => void read(undefined), [read]);
  useEffect(() => {
    setPages(none);
    reading.current = false;
    reload();
  }, [reload]);
  useMoved(setPages, setNewCount);
  const { rows, next, error } = pages;
  const readMore = useCallback(() => {
    if (next !== null) void read(next);
  }, [read, next]);
  return { rows, error, isWhole: next === null, newCount, readMore, reload };
}

const togetherMs = 700;

/** Runs of the list that moved are read again, together. */
function useMoved(
  setPages: (change: (before: Pages) => Pages) => void,
  setNewCount: (change: (before: number) => number) => void,
) {
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
      setPages((before) => ({ ...before, rows: before.rows?.map((run) => byId.get(run.id) ?? run) }));
    };
    const stop = live.onEvent(({ topic, type, data }) => {
      if (topic !== "runs" || typeof data["runId"] !== "string") return;
      if (type === "run.created") setNewCount((count) => count + 1);
      moved.add(data["runId"]);
      timer ??= setTimeout(() => void readMoved(), togetherMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, live, setPages, setNewCount]);
}
