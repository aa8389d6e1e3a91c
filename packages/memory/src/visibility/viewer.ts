import type { Labels } from "@roost/contract/labels";
import type { SessionKind } from "@roost/kernel";

/** On whose behalf home files are read and written. */
export interface Viewer {
  kind: SessionKind;
  /** Of a cron's run: its own state and its own folder belong to it. */
  jobId?: string;
  /** Of a conversation. */
  sessionKey?: string;
  /** State files that the job names as its inputs: `email` for memory/email-state.json. */
  stateNames?: readonly string[];
  /** Audiences that the definition of its agent names; undefined: it names none. */
  clearance?: readonly string[] | undefined;
}

/** Who wrote something, for the record. */
export interface Author {
  /** `session:main`, `job:blog-writer`, `cli`, … */
  by: string;
  runId?: string;
  sessionKey?: string;
  sessionKind?: SessionKind;
  /** What it knew that it writes from. Default: the person's. */
  labels?: Labels;
}
