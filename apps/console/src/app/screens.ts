/** The screens of the console and their addresses: one list for the sidebar, the phone's bar, the keys and the palette. */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { serviceScreens } from "virtual:service-screens";
import type { IconName } from "../parts/icon-paths.ts";

export interface ScreenEntry {
  path: string;
  /** Addresses below it that the same view shows. */
  inside?: string;
  name: string;
  icon: IconName;
  /** After "g". */
  key: string;
  group: "home" | "work" | "life";
  view: LazyExoticComponent<ComponentType>;
  /** Stands in the bar of a phone. */
  isOnPhone?: boolean;
  /** The domain service that brings it: it is listed while that runs. */
  service?: string;
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
  {
    path: "/chat",
    inside: "/chat/:sessionKey",
    name: "Chat",
    icon: "messages-square",
    key: "c",
    group: "home",
    isOnPhone: true,
    view: lazy(() => import("../features/chat/ChatScreen.tsx").then((all) => ({ default: all.ChatScreen }))),
  },
  {
    path: "/needs",
    name: "Needs you",
    icon: "inbox",
    key: "y",
    group: "home",
    isOnPhone: true,
    view: lazy(() => import("../features/needs/NeedsScreen.tsx").then((all) => ({ default: all.NeedsScreen }))),
  },
  {
    path: "/runs",
    name: "Runs",
    icon: "list-tree",
    key: "r",
    group: "work",
    isOnPhone: true,
    view: lazy(() => import("../features/runs/RunsScreen.tsx").then((all) => ({ default: all.RunsScreen }))),
  },
  {
    path: "/timeline",
    name: "Timeline",
    icon: "history",
    key: "t",
    group: "work",
    view: lazy(() =>
      import("../features/timeline/TimelineScreen.tsx").then((all) => ({ default: all.TimelineScreen })),
    ),
  },
  {
    path: "/jobs",
    name: "Jobs",
    icon: "calendar-clock",
    key: "j",
    group: "work",
    view: lazy(() => import("../features/jobs/JobsScreen.tsx").then((all) => ({ default: all.JobsScreen }))),
  },
  {
    path: "/memory",
    name: "Memory",
    icon: "brain",
    key: "m",
    group: "life",
    view: lazy(() => import("../features/memory/MemoryScreen.tsx").then((all) => ({ default: all.MemoryScreen }))),
  },
  {
    path: "/spend",
    name: "Spend",
    icon: "wallet",
    key: "s",
    group: "life",
    view: lazy(() => import("../features/spend/SpendScreen.tsx").then((all) => ({ default: all.SpendScreen }))),
  },
  ...serviceScreens.map(({ load, inside: _inside, ...told }) => ({
    ...told,
    group: "life" as const,
    view: lazy(load),
  })),
  {
    path: "/settings",
    name: "Settings",
    icon: "settings",
    key: ",",
    group: "life",
    view: lazy(() =>
      import("../features/settings/SettingsScreen.tsx").then((all) => ({ default: all.SettingsScreen })),
    ),
  },
];

/** Screens that stand in no list: one reaches them from others. */
export const innerScreens: readonly Pick<ScreenEntry, "path" | "view">[] = [
  {
    path: "/runs/:runId",
    view: lazy(() => import("../features/run/RunScreen.tsx").then((all) => ({ default: all.RunScreen }))),
  },
  {
    path: "/jobs/:jobId",
    view: lazy(() => import("../features/jobs/JobScreen.tsx").then((all) => ({ default: all.JobScreen }))),
  },
  ...serviceScreens.flatMap(({ inside }) => inside.map(({ path, load }) => ({ path, view: lazy(load) }))),
];
