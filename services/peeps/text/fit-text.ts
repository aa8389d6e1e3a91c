import { storableText } from "@roost/base";

/** Text that every store holds (NUL is left out), at most so many units long and never half of a character. */
export function fitText(text: string, charsMax: number): string {
  const whole = storableText(text.replaceAll("\u0000", ""));
  return whole.length <= charsMax ? whole : whole.slice(0, charsMax).replace(/[\ud800-\udbff]$/, "");
}
