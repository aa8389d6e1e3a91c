import type { ShownSource } from "@roost/contract/operations";

/** What was seen of one run while it was played; the rest of it is in the scratch database. */
export interface MeasuredRun {
  modelCalls: number;
  /** Of its first call. */
  shown: ShownSource[];
}
