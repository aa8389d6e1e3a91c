/** Input and output of a replay's process, a line of JSON each. Types only. */
import type { ErrorCode } from "@roost/base";
import type { Bucket } from "@roost/objects";
import type { ReplayReport } from "@roost/contract/operations";
import type { ModelOfHome } from "../play/find-providers.ts";

export interface ReplayTask {
  kind: "replay";
  databaseUrl: string;
  homeDir: string;
  bucket?: Bucket | undefined;
  runId: string;
  /** Only earlier steps are answered. */
  fromSeq?: number | undefined;
  model: ModelOfHome | null;
}

export type ReplayMessage =
  | { kind: "report"; report: ReplayReport }
  | { kind: "failed"; code: ErrorCode; message: string };
