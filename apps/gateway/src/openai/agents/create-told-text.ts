import type { JsonValue } from "@roost/base";

export interface TextDelta {
  type: string;
  [field: string]: JsonValue;
}

export interface ToldText {
  /** What is told now. */
  add(delta: TextDelta): string;
  /** What is missing of the whole. */
  finish(whole: string): string;
  all(): string;
}

/** The text that a program was told as it came. What a model began and did not keep, or what was lost on the way, cannot be taken back: the whole follows it. */
export function createToldText(): ToldText {
  let all = "";
  let current = "";
  let step: JsonValue | undefined;
  const tell = (text: string) => {
    all += text;
    return text;
  };
  return {
    all: () => all,
    add(delta) {
      const { type, text, step: of } = delta;
      if (type === "reset" || of !== step) current = "";
      step = of;
      if (type !== "text" || typeof text !== "string") return "";
      const gap = current === "" && all !== "" ? "\n\n" : "";
      current += text;
      return tell(gap + text);
    },
    finish(whole) {
      // A model may tell spaces around its answer that are no part of it.
      const [said, kept] = [current.trimStart(), whole.trimStart()];
      if (kept === "" || kept.trimEnd() === said.trimEnd()) return "";
      if (said !== "" && kept.startsWith(said)) return tell(kept.slice(said.length));
      return tell(all === "" ? whole : `\n\n${whole}`);
    },
  };
}
