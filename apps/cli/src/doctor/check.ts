/** One result of the doctor. */
export interface Check {
  name: string;
  state: "good" | "warn" | "bad" | "skipped";
  /** What was found. */
  text: string;
  /** How to fix it. */
  advice?: string | undefined;
}
