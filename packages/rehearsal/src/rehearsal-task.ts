/** Input and output of a rehearsal's process, a line of JSON each. Types only. */
import type { ErrorCode } from "@roost/base";
import type { Bucket } from "@roost/objects";
import type { RehearsalReport } from "@roost/contract/operations";
import type { ModelOfHome } from "./play/find-providers.ts";

export interface RehearsalTask {
  kind: "rehearse";
  databaseUrl: string;
  homeDir: string;
  bucket?: Bucket | undefined;
  hours: number;
  fromMs?: number | undefined;
  jobs?: readonly unknown[] | undefined;
  model: ModelOfHome | null;
}

export type RehearsalMessage =
  | { kind: "progress"; playedUntilMs: number; runCount: number }
  | { kind: "report"; report: RehearsalReport }
  | { kind: "failed"; code: ErrorCode; message: string };
