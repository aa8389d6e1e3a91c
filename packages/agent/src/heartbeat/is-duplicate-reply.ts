/** The same text is not delivered twice within this time. */
export const duplicateReplyMs = 24 * 3_600_000;

/** Whether this text was delivered last in the session, within this time. */
export function isDuplicateReply(
  text: string,
  options: { last: { text: string; sentAtMs: number } | undefined; nowMs: number },
): boolean {
  const { last, nowMs } = options;
  if (last === undefined || text.trim() === "") return false;
  return last.text.trim() === text.trim() && nowMs - last.sentAtMs < duplicateReplyMs;
}
