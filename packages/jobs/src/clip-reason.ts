import { clipText, reasonCharsMax } from "@roost/contract/operations";

/** Clips a reason to the length that events and rows hold. */
export function clipReason(text: string): string {
  return clipText(text, reasonCharsMax);
}
