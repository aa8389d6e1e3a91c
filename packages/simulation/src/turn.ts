import type { Backend } from "./backend.ts";
import type { Fault } from "./faults.ts";

/** Whose turn it can be: a process of the simulated world, as the interleaver sees it. */
export interface Actor {
  readonly name: string;
  isDead: boolean;
  /** It stands still until this step. */
  frozenUntil: number;
  /** Loses everything that is not in the database: connections, locks, what it was doing. */
  crash(): Promise<void>;
}

/** No fault hits who is idle. An effect is one on the world outside. */
export type TurnKind = "statement" | "commit" | "rollback" | "connection" | "effect" | "idle";

/** The smallest thing that happens: one statement on one connection, or one touch of the world outside. */
export interface Turn {
  actor: Actor;
  label: string;
  kind: TurnKind;
  /** On which it happens; none for what happens outside of the database. */
  backend: Backend | undefined;
  perform(): Promise<unknown>;
  /** Told when it happened, whatever becomes of the answer. */
  onPerformed(step: number): void;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** What is still to go wrong when it has been carried out. */
  fault?: Fault | undefined;
}

export type Outcome = { value: unknown } | { error: unknown };
