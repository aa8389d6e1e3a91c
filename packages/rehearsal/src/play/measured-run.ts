import type { ShownSource } from "@roost/contract/operations";

/** Observations of one run; the rest is in the scratch database. */
export interface MeasuredRun {
  modelCalls: number;
  /** Of its first call. */
  shown: ShownSource[];
}
