// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.

/** Ascending; a new journal is of the last. */
export const loopVersions: readonly number[] = [1];
