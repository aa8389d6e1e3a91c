/**
 * What every program in the comparison answers to, Roost's own included: it says what it is and what it promises while it is
 * measured, prepares a database, and carries out workloads. Types only.
 */

/** What holds while the figures are taken, in a few words each; "no" is an answer. */
export interface Guarantees {
  /** What stops a worker that lost its job from writing its end. */
  fence: string;
  /** What happens to the same job asked for twice. */
  deduplication: string;
  /** What remains of a job that is over. */
  history: string;
  /** What is on disk, and when, before the caller or the next step goes on. */
  durability: string;
  /** How often a job's code runs when a worker dies. */
  delivery: string;
}

export interface PeerFacts {
  version: string;
  /** Every setting that differs from the default, as its documentation names it. */
  settings: string[];
  guarantees: Guarantees;
}

export interface PeerSetup {
  /** A database of its own on the server that all share. */
  databaseUrl: string;
  poolMax: number;
  /** A directory of its own, for what is not in PostgreSQL. */
  directory: string;
}

export const workloadNames = ["claim", "steps", "append", "read", "stick", "cron", "recovery"] as const;
export type WorkloadName = (typeof workloadNames)[number];

export type WorkloadParameters = Record<string, number | string>;
/** Numbers by name, e.g. { perSecond, p50Ms }. */
export type WorkloadResult = Record<string, number>;

export interface Median {
  median: number;
  min: number;
  max: number;
}

/** Each figure of the result: its median over the rounds, and its spread. Or why there is none. */
export type Measured = { figures: Record<string, Median> } | { notMeasured: string };

export interface WorkloadContext {
  setup: PeerSetup;
  /** Tells the parent of something that happens meanwhile. */
  report: (event: string) => void;
}

export interface PeerProgram {
  facts: PeerFacts;
  /** Brings the database to where workloads can begin. Between workloads a program holds no connections. */
  prepare(setup: PeerSetup): Promise<void>;
  workloads: Partial<
    Record<WorkloadName, (parameters: WorkloadParameters, context: WorkloadContext) => Promise<WorkloadResult>>
  >;
}

export type PeerCall =
  | { id: number; call: "facts" }
  | { id: number; call: "prepare"; setup: PeerSetup }
  /** A second process on a database that is prepared. */
  | { id: number; call: "join"; setup: PeerSetup }
  | { id: number; call: "workload"; name: WorkloadName; parameters: WorkloadParameters };

export type PeerAnswer =
  | { id: number; value: unknown }
  | { id: number; error: string }
  /** Something that happened while a workload runs, e.g. a job began. */
  | { event: string; atMs: number };
