/** Status, activity, alarms and the configuration in force. */
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import type { ServiceDirectory } from "@roost/service";
import type { ConfigEntry } from "../describe-config.ts";
import { getStatus, type StatusFacts } from "./get-status.ts";
import { listActivity } from "./list-activity.ts";
import { listNotices } from "./list-notices.ts";

export interface StatusGiven {
  kernel: Kernel;
  facts: StatusFacts;
  /** What is in force by now. */
  config: () => ConfigEntry[];
}

export function serveStatus({
  kernel,
  facts,
  config,
  directory,
}: StatusGiven & { directory: ServiceDirectory }): Served[] {
  return [
    serve(operations.getStatus, getStatus(kernel, facts, directory)),
    serve(operations.checkModels, async () => ({ models: await facts.checkModels() })),
    serve(operations.listActivity, listActivity(kernel, facts.timeZone)),
    serve(operations.listNotices, listNotices(kernel)),
    serve(operations.getConfig, () => ({ entries: config() })),
  ];
}
