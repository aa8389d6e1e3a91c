/** A long list, page by page: the first when the screen opens, the next ones as one goes, all anew after a lost connection. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useConsole } from "./console-context.ts";

interface Pages<Row> {
  rows: readonly Row[] | undefined;
  next: string | null;
  error: Error | undefined;
}

export interface PagedRows<Row> {
  rows: readonly Row[] | undefined;
  error: Error | undefined;
  isWhole: boolean;
  readMore: () => void;
  reload: () => void;
  /** Turns every row that is read into what it is now. */
  change: (turn: (row: Row) => Row) => void;
}

export type LoadPage<Row> = (after: string | undefined) => Promise<{ items: readonly Row[]; next: string | null }>;

const none = { rows: undefined, next: null, error: undefined };

/** `key` names the list with everything that it depends on: another key begins anew. */
export function usePages<Row>(key: string, loadPage: LoadPage<Row>): PagedRows<Row> {
  const { live } = useConsole();
  const [pages, setPages] = useState<Pages<Row>>(none);
  const load = useRef(loadPage);
  load.current = loadPage;
  /** Answers to an earlier question are dropped. */
  const asked = useRef({ isReading: false });
  const read = useCallback(async (after: string | undefined) => {
    if (after !== undefined && asked.current.isReading) return;
    const own = { isReading: true };
    asked.current = own;
    try {
      const page = await load.current(after);
      if (asked.current !== own) return;
      setPages(({ rows = [] }) => ({
        rows: after === undefined ? page.items : [...rows, ...page.items],
        next: page.next,
        error: undefined,
      }));
    } catch (error) {
      if (asked.current === own) setPages((before) => ({ ...before, error: error as Error }));
    }
    own.isReading = false;
  }, []);
  const reload = useCallback(() => void read(undefined), [read]);
  useEffect(() => {
    setPages(none);
    reload();
    return live.onFresh(reload);
  }, [key, reload, live]);
  const { rows, next, error } = pages;
  const readMore = useCallback(() => {
    if (next !== null) void read(next);
  }, [read, next]);
  // A page of a narrow filter may be empty although older rows fit.
  useEffect(() => {
    if (rows?.length === 0) readMore();
  }, [rows, readMore]);
  const change = useCallback(
    (turn: (row: Row) => Row) => setPages((before) => ({ ...before, rows: before.rows?.map(turn) })),
    [],
  );
  return { rows, error, isWhole: next === null, readMore, reload, change };
}
