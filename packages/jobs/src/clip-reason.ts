import { clipText, reasonCharsMax } from "@roost/contract/operations";

/** A reason in the length that events and rows have for it. */
export function clipReason(text: string): string {
  return clipText(text, reasonCharsMax);
}
