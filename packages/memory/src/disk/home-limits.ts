/** Every number that bounds what is read from and written to a home. */
export const homeLimits = {
  pathCharsMax: 1024,
  pathDepthMax: 12,
  /** A text file that is read, written or kept in versions. Larger ones are only watched by size and time. */
  fileBytesMax: 1_048_576,
  /** Files that one home is looked through for. */
  filesMax: 20_000,
  /** Characters of one file in a context, of USER.md, and of all files together. */
  contextFileCharsMax: 20_000,
  contextUserFileCharsMax: 4_000,
  contextCharsMax: 60_000,
  searchBytesMax: 33_554_432,
  searchHitsMax: 50,
  searchTermsMax: 12,
  /** How often a write is tried again after somebody else wrote the same file. */
  mergeAttemptsMax: 8,
  noteCharsMax: 20_000,
} as const;
