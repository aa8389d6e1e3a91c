/** Why a run left its worker without an outcome of its own. */
export type InterruptionKind =
  /** It waits; the kernel makes it ready when the wait ends. */
  | "suspended"
  /** It was cancelled. */
  | "cancelled";

/** Thrown by a durable step through the agent loop, and caught where the run is executed. */
export class RunInterruption extends Error {
  readonly kind: InterruptionKind;

  constructor(kind: InterruptionKind, reason: string) {
    super(reason);
    this.name = "RunInterruption";
    this.kind = kind;
  }
}
