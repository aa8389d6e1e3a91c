/** The limits of reading and writing a home. */
import { fileBytesMax } from "@roost/contract/operations";

export const homeLimits = {
  pathCharsMax: 1024,
  pathDepthMax: 12,
  /** Of the name of a file or folder: what disks take. */
  partBytesMax: 255,
  /** A file that is read, written and compared as a whole. Larger ones are watched by size and time, and go to and from the store of versions piece by piece. */
  fileBytesMax,
  /** Files of one home that are scanned. */
  filesMax: 20_000,
  /** Characters of one file in a context, of USER.md, and of all files together. */
  contextFileCharsMax: 20_000,
  contextUserFileCharsMax: 4_000,
  contextCharsMax: 60_000,
  searchBytesMax: 33_554_432,
  searchHitsMax: 50,
  searchTermsMax: 12,
  /** Retries of a write after the file changed. */
  mergeAttemptsMax: 8,
  noteCharsMax: 20_000,
} as const;

/** Of one file of the home, in the context of a conversation. */
export function shownCharsMax(path: string): number {
  return path === "USER.md" ? homeLimits.contextUserFileCharsMax : homeLimits.contextFileCharsMax;
}
