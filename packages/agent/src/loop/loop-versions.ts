// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.
//   2  an approval is a step of its own before the step of its tool call
//   3  writes of USER.md and TOOLS.md are held as well; messages and answers of tools have parts, which were told by their names before

/** Ascending; new journals get the last. */
export const loopVersions: readonly number[] = [2, 3];

/** Whether a run of that version asks before it changes who the person is. */
export function holdsPerson(loopVersion: number): boolean {
  return loopVersion >= 3;
}

/** Whether answers of tools have parts in a journal of that version. */
export function hasParts(loopVersion: number = loopVersions.at(-1)!): boolean {
  return loopVersion >= 3;
}
