import type { Labels } from "@roost/contract/labels";
import type { SessionKind } from "@roost/kernel";

/** On whose behalf home files are read and written. */
export interface Viewer {
  kind: SessionKind;
  /** The person themselves, at the front door: the settings are theirs to write. */
  isPerson?: boolean;
  /** For a cron's run: it owns its state and folder. */
  jobId?: string | undefined;
  /** For a conversation. */
  sessionKey?: string | undefined;
  /** State files that the job names as inputs: `email` for memory/email-state.json. */
  stateNames?: readonly string[];
  /** Of a delegated run: names of the skills that its agent names. */
  skills?: readonly string[] | undefined;
  /** That its agent names: their skills are for it. */
  services?: readonly string[] | undefined;
  /** Audiences that the definition of its agent names, also by its services; undefined: it names none. */
  clearance?: readonly string[] | undefined;
}

/** The author, for the record. */
export interface Author {
  /** `session:main`, `job:blog-writer`, `cli`, … */
  by: string;
  runId?: string | undefined;
  sessionKey?: string | undefined;
  sessionKind?: SessionKind | undefined;
  /** Labels of what it knew. Default: the person's. */
  labels?: Labels | undefined;
}
