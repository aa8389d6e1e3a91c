import type { Event } from "@roost/contract/operations";
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { useConsole } from "./console-context.ts";
import type { Reading } from "./create-reading-store.ts";

export interface UseReadingOptions {
  /** Events after which it is read again, at most once a second. */
  isMoved?: (event: Event) => boolean;
}

export type Read<Value> = Reading<Value> & { reload: () => void };

const betweenMs = 900;

/**
 * An answer of the gateway, read when the screen opens, after events that move it, and after a lost connection. `key` names it with everything that
 * it depends on; an earlier answer under the key is shown until the new one comes.
 */
export function useReading<Value>(
  key: string,
  load: () => Promise<Value>,
  { isMoved }: UseReadingOptions = {},
): Read<Value> {
  const { readings, live } = useConsole();
  const given = useRef({ load, isMoved });
  given.current = { load, isMoved };
  const reload = useCallback(() => readings.read(key, () => given.current.load()), [readings, key]);
  useEffect(() => {
    reload();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, betweenMs);
    };
    const stopEvents = live.onEvent((event) => {
      if (given.current.isMoved?.(event) === true) soon();
    });
    const stopFresh = live.onFresh(reload);
    return () => {
      clearTimeout(timer);
      stopEvents();
      stopFresh();
    };
  }, [reload, live]);
  const subscribe = useCallback((tell: () => void) => readings.subscribe(key, tell), [readings, key]);
  const answer = useSyncExternalStore(subscribe, () => readings.get(key)) as Reading<Value>;
  return { ...answer, reload };
}
