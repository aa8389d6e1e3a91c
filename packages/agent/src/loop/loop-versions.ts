// Which journals this program goes on with. A change of the steps that the loop records, or of their order, is a new version: journals of
// the version before are finished by the rules that they were begun with, older ones end as outdated.
//   3  writes of USER.md and TOOLS.md are held as well; messages and answers of tools have parts, which were told by their names before
//   4  a conversation that is too long is summarised before the first model call; what must not be forgotten is remembered, as a tool's step,
//      before messages leave

/** Ascending; new journals get the last. */
export const loopVersions: readonly number[] = [3, 4];

/** Whether a journal of that version remembers before messages leave, and summarises a long conversation first. */
export function remembersFirst(loopVersion: number = loopVersions.at(-1)!): boolean {
  return loopVersion >= 4;
}
