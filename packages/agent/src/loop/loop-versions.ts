// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.
//   5  a call by which a run that has read untrusted content would send out what it knows needs approval; agents have policies
//   6  so does a call by which such a run would start, pause or resume a job

/** Ascending; new journals get the last. */
export const loopVersions: readonly number[] = [5, 6];

/** Whether runs of that version that have read untrusted content ask before they start, pause or resume a job. */
export function asksBeforeJobs(loopVersion: number): boolean {
  return loopVersion >= 6;
}
