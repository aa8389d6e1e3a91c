declare module "virtual:routes" {
  /** Id, method, path, whether it is a stream, the field of its content or 0, the media types that it answers with. */
  export type Route = readonly [string, string, string, 0 | 1, (string | 0)?, (readonly string[])?];
  export const routes: readonly Route[];
}

declare module "virtual:routes/*" {
  import type { Route } from "virtual:routes";
  export const routes: readonly Route[];
}

declare module "virtual:service-screens" {
  import type { ComponentType } from "react";
  import type { IconName } from "./parts/icon-paths.ts";
  type Load = () => Promise<{ default: ComponentType }>;
  /** Of services in this clone, whether they run or not. */
  export const serviceScreens: readonly {
    service: string;
    path: string;
    name: string;
    icon: IconName;
    key: string;
    load: Load;
    inside: readonly { path: string; load: Load }[];
  }[];
}
