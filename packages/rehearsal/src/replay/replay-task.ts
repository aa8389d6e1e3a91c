/** What the process of a replay is told on its standard input, and what it says, a line of JSON each. Types only. */
import type { ErrorCode } from "@roost/base";
import type { ReplayReport } from "@roost/contract/operations";
import type { FoundModel } from "../play/find-providers.ts";

export interface ReplayTask {
  kind: "replay";
  databaseUrl: string;
  homeDir: string;
  runId: string;
  /** Only the steps before it are answered. */
  fromSeq?: number | undefined;
  model: FoundModel | null;
}

export type ReplayMessage =
  | { kind: "report"; report: ReplayReport }
  | { kind: "failed"; code: ErrorCode; message: string };
