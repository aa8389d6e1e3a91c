/** What a write of a home file asks for, and what becomes of it. Types only. */
import type { Labels } from "@roost/contract/labels";
import type { KernelTransaction } from "@roost/kernel";
import type { LineMarks } from "../records/line-marks.ts";
import type { Author, Viewer } from "../visibility/viewer.ts";
import type { Reworded } from "./count-lost-entries.ts";

export interface WriteRequest extends Author {
  path: string;
  text: string;
  /** SHA-256 of the content that it replaces; "absent": the file must not exist. */
  expected: string;
  as: Viewer;
  /** The same write under the same key happens once, also across a crash. */
  remember?: { scope: string; key: string } | undefined;
  /** As an edit on the home's own disk counts: what was moved, renamed or copied there keeps its marks. */
  isFromOutside?: boolean;
  /** Lines of what it replaces that stand in it in other words: they are not lost. */
  reworded?: readonly Reworded[];
  /** Of its lines, where they differ: overrides `labels`. */
  marks?: LineMarks | undefined;
  /** Further records in the same transaction. May run more than once. */
  alongside?: ((tx: KernelTransaction) => Promise<void>) | undefined;
}

export type WriteOutcome =
  | { state: "written"; path: string; sha256: string; bytes: number }
  /** The file has changed: read it and merge. */
  | { state: "conflict"; path: string; sha256: string; text: string; labels: Labels }
  /** A write with this key happened before. */
  | { state: "repeated"; path: string };
