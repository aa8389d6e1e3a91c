import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import type { IconName } from "../parts/icon-paths.ts";

export interface ScreenEntry {
  path: string;
  name: string;
  icon: IconName;
  /** After "g". */
  key: string;
  group: "home" | "work" | "life";
  view: LazyExoticComponent<ComponentType>;
  /** Stands in the bar of a phone. */
  isOnPhone?: boolean;
}

/** Every screen in the order of the sidebar; each is a chunk of its own. */
export const screens: readonly ScreenEntry[] = [
  {
    path: "/",
    name: "Now",
    icon: "activity",
    key: "n",
    group: "home",
    isOnPhone: true,
    view: lazy(() => import("../features/now/NowScreen.tsx").then((all) => ({ default: all.NowScreen }))),
  },
];
