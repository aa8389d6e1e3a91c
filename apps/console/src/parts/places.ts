import { createContext, use } from "react";
import type { IconName } from "./icon-paths.ts";

/** A screen as others name it. */
export interface Place {
  path: string;
  name: string;
  icon: IconName;
  /** After "g". */
  key: string;
}

/** All screens, handed down so that a screen can name the others without importing them. */
export const PlacesContext = createContext<readonly Place[]>([]);

export function usePlaces(): readonly Place[] {
  return use(PlacesContext);
}
