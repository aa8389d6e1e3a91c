// Separates a model's thinking from its text, for servers that leave `<think>…</think>` in the answer. Thinking is kept as reasoning and never
// reaches a person, a notice or a later prompt.

export type ThoughtPart = { type: "text" | "reasoning"; text: string } | { type: "reset"; reason: string };

/** Opening and closing marks of known model families, at the start of a reply or of a line. */
const marks: readonly (readonly [open: string, ...closes: string[]])[] = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<thought>", "</thought>"],
  ["<reasoning>", "</reasoning>"],
  ["<seed:think>", "</seed:think>"],
  ["[think]", "[/think]"],
  ["◁think▷", "◁/think▷"],
  ["<longcat_think>", "</longcat_think>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["<|start_thinking|>", "<|end_thinking|>"],
  ["<|channel>thought", "<channel|>"],
  ["<unused94>thought", "<unused95>"],
  ["<|inner_prefix|>", "<|inner_suffix|>"],
  ...["", "<|start|>assistant"].map((start): [string, ...string[]] => [
    `${start}<|channel|>analysis<|message|>`,
    "<|end|>",
    "<|return|>",
    "<|start|>assistant",
    "<|channel|>final",
    "<|channel|>commentary",
  ]),
];
/** Words that are common in texts too: only at the start of a reply. */
const marksOfStart: typeof marks = [
  ...["analysis", "reflection", "scratchpad", "thoughts", "inner_monologue"].map((word): [string, string] => [
    `<${word}>`,
    `</${word}>`,
  ]),
  // Granite's.
  ["here is my thought process:", "here is my response:"],
];
/** gpt-oss, where the server has left out the marks of its channels. */
const bareAnalysis = /^analysis(?=\p{Lu})/u;
const bareCloses = ["assistantfinal", "assistantcommentary to="];
/** What of a close begins what follows. */
const closesKept: Record<string, string> = {
  "<|start|>assistant": "<|start|>assistant",
  "<|channel|>final": "<|channel|>final",
  "<|channel|>commentary": "<|channel|>commentary",
  "assistantcommentary to=": "commentary to=",
};
/** What says no more than that the answer begins. */
const answerMarks = ["<|start|>assistant", ""].flatMap((start) =>
  ["<|channel|>final<|message|>", "<|channel|>commentary<|message|>"].map((channel) => start + channel),
);
/** Closing marks without an opening one, where the prompt's template has opened the thinking. */
const loneCloses = [
  "</think>",
  "</thinking>",
  "</thought>",
  "</reasoning>",
  "</seed:think>",
  "</longcat_think>",
  "[/think]",
  "◁/think▷",
  "<|end_thinking|>",
  "<|inner_suffix|>",
];
const answerOpen = "<answer>";
const answerClose = "</answer>";
const markCharsMax = Math.max(
  ...[...marks, ...marksOfStart, bareCloses, answerMarks].flat().map((mark) => mark.length),
);

/** Models whose templates open the thinking, so that only its end is written. */
export function opensThinkingItself(model: string): boolean {
  return /(^|[-_/:.])(r1|qwq|thinking)([-_/:.]|$)/i.test(model);
}

export interface ThoughtSplitter {
  push(delta: string): ThoughtPart[];
  finish(): ThoughtPart[];
  /** Whether thinking ended without an opening mark. */
  readonly hadLoneClose: boolean;
}

/** `holds`: text before the end of the thinking is held back, as it may be thinking. */
export function createThoughtSplitter({ holds = false }: { holds?: boolean } = {}): ThoughtSplitter {
  return new OpenThoughtSplitter(holds);
}

class OpenThoughtSplitter implements ThoughtSplitter {
  hadLoneClose = false;
  #state: "start" | "held" | "thinking" | "text";
  #closes: readonly string[] = [];
  /** Its answer is wrapped, as it was taught with its thinking. */
  #isWrapped = false;
  /** A block of a word that is common in texts: where nothing follows it, it was the answer. */
  #doubtful = "";
  #pending = "";
  /** Emitted text that may turn out to be thinking. */
  #shown = "";

  constructor(holds: boolean) {
    this.#state = holds ? "held" : "start";
  }

  push(delta: string): ThoughtPart[] {
    this.#pending += delta;
    return this.#read(false);
  }

  finish(): ThoughtPart[] {
    const parts = this.#read(true);
    const isAll = this.#state !== "thinking" && this.#shown === "" && this.#doubtful !== "";
    return isAll ? [...parts, { type: "text", text: this.#doubtful }] : parts;
  }

  #read(isLast: boolean): ThoughtPart[] {
    const parts: ThoughtPart[] = [];
    while (this.#pending !== "" || (isLast && this.#state === "held")) {
      const found = this.#step(isLast);
      if (found === undefined) break;
      parts.push(...found);
    }
    return parts;
  }

  /** Parses a part of the pending text; undefined: more is needed. */
  #step(isLast: boolean): ThoughtPart[] | undefined {
    const lower = this.#pending.toLowerCase();
    switch (this.#state) {
      case "start":
        return this.#readStart(lower, isLast);
      case "held":
        return this.#readHeld(lower, isLast);
      case "thinking":
        return this.#readThinking(lower, isLast);
      case "text":
        return this.#readText(lower, isLast);
    }
  }

  #readStart(lower: string, isLast: boolean): ThoughtPart[] | undefined {
    const begun = lower.trimStart();
    const opened = openAt(this.#pending.trimStart());
    if (opened !== undefined) {
      const mark = this.#pending.trimStart().slice(0, opened.length);
      this.#doubtful = opened.isDoubtful ? mark : "";
      this.#pending = this.#pending.trimStart().slice(opened.length);
      this.#closes = opened.closes;
      this.#state = "thinking";
      return [];
    }
    const hasThought = this.#closes.length > 0 || this.hadLoneClose;
    const heads = hasThought ? [...answerMarks, answerOpen] : answerMarks;
    const head = heads.find((mark) => begun.startsWith(mark));
    if (head !== undefined) {
      this.#pending = this.#pending.trimStart().slice(head.length);
      this.#isWrapped = head === answerOpen;
      return [];
    }
    if (!isLast && [...opensOfStart, ...heads].some((mark) => mark.startsWith(begun))) return undefined;
    if (hasThought) this.#pending = this.#pending.trimStart();
    this.#state = "text";
    return [];
  }

  #readHeld(lower: string, isLast: boolean): ThoughtPart[] | undefined {
    const end = earliest(lower, loneCloses);
    if (end === undefined) {
      const isOpened = openAt(this.#pending.trimStart()) !== undefined;
      if (!isOpened && !isLast) return undefined;
      this.#state = isOpened ? "start" : "text";
      return [];
    }
    this.hadLoneClose = true;
    const thought = this.#pending.slice(0, end.at);
    this.#pending = this.#pending.slice(end.at + end.mark.length).trimStart();
    this.#state = "start";
    return [{ type: "reasoning", text: thought.trimStart().slice(openAt(thought.trimStart())?.length ?? 0) }];
  }

  #readThinking(lower: string, isLast: boolean): ThoughtPart[] | undefined {
    const end = earliest(lower, this.#closes);
    if (end === undefined) {
      const kept = isLast ? 0 : partialMark(lower, this.#closes);
      return this.#give("reasoning", this.#pending.length - kept);
    }
    const thought = this.#pending.slice(0, end.at);
    if (this.#doubtful !== "") this.#doubtful += thought + this.#pending.slice(end.at, end.at + end.mark.length);
    this.#pending = (closesKept[end.mark] ?? "") + this.#pending.slice(end.at + end.mark.length);
    this.#state = "start";
    return thought === "" ? [] : [{ type: "reasoning", text: thought }];
  }

  #readText(lower: string, isLast: boolean): ThoughtPart[] | undefined {
    const end = earliest(lower, loneCloses);
    const opened = earliestOpen(this.#pending, this.#shown);
    const isFirst = end !== undefined && (opened === undefined || end.at < opened.at);
    if (isFirst && isLone(end.mark, this.#shown + this.#pending.slice(0, end.at))) {
      this.hadLoneClose = true;
      const thought = this.#shown + this.#pending.slice(0, end.at);
      const wasShown = this.#shown !== "";
      this.#shown = "";
      this.#pending = this.#pending.slice(end.at + end.mark.length).trimStart();
      this.#state = "start";
      const reset = { type: "reset", reason: "what was shown was the model's thinking" } as const;
      return [...(wasShown ? [reset] : []), { type: "reasoning", text: thought }];
    }
    if (opened !== undefined) {
      const before = this.#pending.slice(0, opened.at);
      this.#pending = this.#pending.slice(opened.at + opened.mark.length);
      this.#closes = marks.find(([open]) => open === opened.mark)!.slice(1);
      this.#state = "thinking";
      this.#shown += before;
      return before === "" ? [] : [{ type: "text", text: before }];
    }
    const wrap = this.#isWrapped ? lower.indexOf(answerClose) : -1;
    if (wrap >= 0) {
      this.#isWrapped = false;
      const before = this.#pending.slice(0, wrap);
      this.#pending = this.#pending.slice(wrap + answerClose.length);
      this.#shown += before;
      return [{ type: "text", text: before }];
    }
    // A quoted mark is ordinary text.
    const from = end === undefined ? this.#pending.length : end.at + end.mark.length;
    const kept =
      isLast || end !== undefined ? 0 : partialMark(lower, this.#isWrapped ? [...watched, answerClose] : watched);
    return this.#give("text", from - kept);
  }

  #give(type: "text" | "reasoning", length: number): ThoughtPart[] | undefined {
    const text = this.#pending.slice(0, length);
    if (text === "") return undefined;
    this.#pending = this.#pending.slice(length);
    if (type === "text") this.#shown += text;
    else if (this.#doubtful !== "") this.#doubtful += text;
    return [{ type, text }];
  }
}

const opens = marks.map(([open]) => open);
const watched = [...loneCloses, ...opens];
const opensOfStart = [...opens, ...marksOfStart.map(([open]) => open), "analysis"];

/** The mark of thinking with which a reply begins. */
function openAt(text: string): { length: number; closes: readonly string[]; isDoubtful: boolean } | undefined {
  const lower = text.toLowerCase();
  for (const found of [marks, marksOfStart]) {
    const [open, ...closes] = found.find(([mark]) => lower.startsWith(mark)) ?? [];
    if (open !== undefined) return { length: open.length, closes, isDoubtful: found === marksOfStart };
  }
  return bareAnalysis.test(text) ? { length: "analysis".length, closes: bareCloses, isDoubtful: false } : undefined;
}

function earliest(lower: string, found: readonly string[]): { at: number; mark: string } | undefined {
  let first: { at: number; mark: string } | undefined;
  for (const mark of found) {
    const at = lower.indexOf(mark);
    if (at >= 0 && (first === undefined || at < first.at)) first = { at, mark };
  }
  return first;
}

/** At the start of a line and outside code blocks. */
function earliestOpen(pending: string, shown: string): { at: number; mark: string } | undefined {
  const lower = pending.toLowerCase();
  let first: { at: number; mark: string } | undefined;
  for (const [mark] of marks) {
    for (let at = lower.indexOf(mark); at >= 0; at = lower.indexOf(mark, at + 1)) {
      const before = shown + pending.slice(0, at);
      if (!/(^|\n)[ \t]*$/.test(before) || isInCode(before)) continue;
      if (first === undefined || at < first.at) first = { at, mark };
      break;
    }
  }
  return first;
}

/** Not quoted, and not the end of a block within a line, as a text about such marks has them. */
function isLone(close: string, before: string): boolean {
  if (/["'`“‘(]$/.test(before) || isInCode(before)) return false;
  const lower = before.toLowerCase();
  return !marks.some(
    ([open, ...closes]) => closes.includes(close) && lower.lastIndexOf(open) > lower.lastIndexOf(close),
  );
}

function isInCode(before: string): boolean {
  return (before.match(/```/g)?.length ?? 0) % 2 === 1;
}

/** How much of the end may be the beginning of a mark. */
function partialMark(lower: string, found: readonly string[]): number {
  for (let length = Math.min(markCharsMax - 1, lower.length); length > 0; length -= 1) {
    const end = lower.slice(-length);
    if (found.some((mark) => mark.length > length && mark.startsWith(end))) return length;
  }
  return 0;
}
