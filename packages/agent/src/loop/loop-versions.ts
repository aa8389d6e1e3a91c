// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.
//   4  a conversation that is too long is summarised before the first model call; what must not be forgotten is remembered, as a tool's step,
//      before messages leave
//   5  a call by which a run that has read untrusted content would send out what it knows needs approval; agents have policies

/** Ascending; new journals get the last. */
export const loopVersions: readonly number[] = [4, 5];

/** Whether the calls of a journal of that version are decided by the policies of their agents, beside the files that are held. */
export function hasPolicies(loopVersion: number): boolean {
  return loopVersion >= 5;
}
