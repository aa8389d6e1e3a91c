/** Colours, only when printing to a screen. */
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

/** Applies a tone to a text, or returns it unchanged. */
export type Paint = (text: string, tone: Tone) => string;

export function createPaint(isColored: boolean): Paint {
  return (text, tone) =>
    isColored && tone !== "plain" && text !== "" ? styleText(formats[tone], text, { validateStream: false }) : text;
}

/** Tone of the state of a run, step or tick. */
export function toneOf(state: string): Tone {
  if (["running", "done", "fired", "active", "delivered"].includes(state)) return "good";
  if (["failed", "diverged", "outdated", "missed", "lost"].includes(state)) return "bad";
  if (["unknown", "paused", "cancelled", "skipped", "open"].includes(state)) return "warn";
  if (state === "idle") return "dim";
  return state === "waiting" || state === "queued" || state === "due" ? "accent" : "plain";
}
