// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.
//   1  a tool call is one step; a call that needs an approval is refused
//   2  an approval is a step of its own before the step of its tool call

/** Ascending; a new journal is of the last. */
export const loopVersions: readonly number[] = [1, 2];

/** Whether a journal of that version has steps of approvals. */
export function hasApprovalSteps(loopVersion: number): boolean {
  return loopVersion >= 2;
}
