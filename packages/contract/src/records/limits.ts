/** Named limits of the texts and lists that go over the wire or into the log. Who writes longer ones clips them first. */
export const idCharsMax = 200;
export const nameCharsMax = 200;
export const reasonCharsMax = 2000;
export const errorCharsMax = 4000;
/** A message, a notice, an answer. */
export const textCharsMax = 100_000;
export const promptCharsMax = 50_000;
export const pathCharsMax = 1024;
/** One page of any list. */
export const pageLimitMax = 500;
export const pageLimitDefault = 50;

/** The text, or its beginning with an ellipsis when it is longer than `charsMax`. Never cuts a character in two. */
export function clipText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  let end = charsMax - 1;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  return `${text.slice(0, end)}…`;
}
