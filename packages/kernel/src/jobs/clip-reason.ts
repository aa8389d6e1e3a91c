/** What the schemas of events allow a reason to be. */
export const reasonCharsMax = 2_000;

export function clipReason(text: string): string {
  return text.length <= reasonCharsMax ? text : `${text.slice(0, reasonCharsMax - 1).toWellFormed()}…`;
}
