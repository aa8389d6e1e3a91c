/** Colours, only where somebody sees them. */
import { styleText } from "node:util";

export type Tone = "plain" | "dim" | "good" | "warn" | "bad" | "strong" | "accent";

const formats = {
  plain: "reset",
  dim: "dim",
  good: "green",
  warn: "yellow",
  bad: "red",
  strong: "bold",
  accent: "cyan",
} as const;

/** Puts a tone on a text, or leaves it as it is. */
export type Paint = (text: string, tone: Tone) => string;

export function createPaint(isColored: boolean): Paint {
  return (text, tone) =>
    isColored && tone !== "plain" && text !== "" ? styleText(formats[tone], text, { validateStream: false }) : text;
}

/** The tone of a run's, step's or tick's state. */
export function toneOf(state: string): Tone {
  if (["running", "done", "fired", "active", "delivered"].includes(state)) return "good";
  if (["failed", "diverged", "outdated", "missed", "lost"].includes(state)) return "bad";
  if (["unknown", "paused", "cancelled", "skipped", "open"].includes(state)) return "warn";
  return state === "waiting" || state === "queued" || state === "due" ? "accent" : "plain";
}
