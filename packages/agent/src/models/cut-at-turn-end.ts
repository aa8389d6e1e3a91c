/** Marks by which chat templates end a turn. A server that does not know them as ends passes them on, and the model goes on with the other side's turns. */
const turnEnd =
  /(?<![`"'“])(<\|im_end\|>|<\|im_start\|>|<\|eot_id\|>|<\|end_of_text\|>|<\|endoftext\|>|<end_of_turn>|<start_of_turn>|<\|return\|>|<\|end\|>(?=\s*$))/g;

/** The text before the first such mark that is neither quoted nor in code; `isPassed`: more than the mark follows. Undefined: there is none. */
export function cutAtTurnEnd(text: string): { text: string; isPassed: boolean } | undefined {
  for (const { 0: mark, index } of text.matchAll(turnEnd)) {
    const before = text.slice(0, index);
    if ((before.match(/```/g)?.length ?? 0) % 2 === 1) continue;
    return { text: before.trimEnd(), isPassed: text.slice(index + mark.length).trim() !== "" };
  }
  return undefined;
}

/** How many of the last pieces are looked at for the end of a mark. */
const piecesSeen = 8;

/** Sees whether a text has gone on after the end of its turn. */
export function watchTurnEnd(texts: readonly string[]) {
  let isPast = false;
  return {
    isPastTurn: () => isPast,
    look: () => {
      // Marks come in pieces, but end with this.
      if (isPast || !texts.slice(-piecesSeen).join("").includes(">")) return;
      isPast = cutAtTurnEnd(texts.join(""))?.isPassed === true;
    },
  };
}
