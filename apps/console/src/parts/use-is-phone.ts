import { useSyncExternalStore } from "react";

const query = "(max-width: 760px)";

function subscribe(tell: () => void): () => void {
  const list = matchMedia(query);
  list.addEventListener("change", tell);
  return () => list.removeEventListener("change", tell);
}

/** Where rows are two lines high. */
export function useIsPhone(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
