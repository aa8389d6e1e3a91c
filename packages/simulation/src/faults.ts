/** What can go wrong around a turn. Which faults a world meets, and when, stands in its plan; how they are carried out, here alone. */
import { RoostError } from "@roost/base";

export const faultKinds = [
  /** The process dies before the statement is sent. */
  "crash before",
  /** The server carries it out, and the process dies before it hears so. */
  "crash after",
  /** The connection is lost before the statement arrives. */
  "error before",
  /** The server carries it out, commits included, and the connection is lost before the answer. */
  "error after",
  /** The server rolls the transaction back in favour of another: SQLSTATE 40001. */
  "conflict",
  /** The process stands still for longer than its leases last, then goes on as if nothing had been. */
  "pause",
  /** The server has done it, and the answer takes its time while the locks are held. */
  "slow answer",
  "clock forward",
  "clock back",
  /** All connections of all processes are lost at once. */
  "database restart",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  /** It hits the first fitting turn from this step on. */
  at: number;
  /** Whom it hits: processes whose name begins so. */
  on: string;
  /** What it hits: most promises are about what happens around a commit, and around an effect outside. */
  moment: "any" | "commit" | "effect";
  /** For how many steps a pause or a slow answer lasts, and how far a clock jumps. */
  amount: number;
}

/** The driver's words for a connection that is gone; they do not say whether the statement was carried out. */
export function connectionLost(): RoostError {
  return new RoostError("unavailable", "no connection to PostgreSQL: Connection terminated unexpectedly");
}

/** Raises a true serialization failure in its own transaction. */
export const conflictStatement = `do $$ begin raise exception 'lost against a concurrent update' using errcode = '40001'; end $$`;

/** Longer than any lease of the simulation. */
export const pauseMs = 90_000;
const clockJumpMs = 1_000;

export function clockJumpOf(fault: Fault): number {
  return (fault.kind === "clock back" ? -1 : 1) * fault.amount * clockJumpMs;
}
