/** One thing that the doctor looked at. */
export interface Check {
  name: string;
  state: "good" | "warn" | "bad" | "skipped";
  /** What was found. */
  text: string;
  /** What to do about it. */
  advice?: string;
}
