/** A prompt that is too long, in the words of every server that is known. */
const contextComplaint = new RegExp(
  [
    String.raw`context[ _-]?(length|window|size|limit)|(maximum|model's) context|n_ctx|exceed_context_size`,
    String.raw`(prompt|input) (is )?too long|prompt exceeds|too many (input )?tokens|tokens in request`,
    String.raw`reduce (the length of )?(the|your) (messages?|message size|prompt|input)`,
    String.raw`(input|prompt|token) (tokens?|count|length)\b[^.]{0,40}(exceeds?|greater|longer|more than|should be)`,
    String.raw`(longer|larger|greater) than the (maximum )?(model|context)|exceeded model token limit|maximum prompt length`,
    String.raw`exceeds the (maximum|model's max)[^.]{0,30}(tokens?|input)\b|\x60inputs\x60 tokens|(body|request) too large`,
  ].join("|"),
  "i",
);
/** A request that is larger than what a minute allows never fits. */
const neverFits = /request too large|tokens_limit_reached/i;

/** Where the size stands, the most specific first. MiniMax's 2013 is the number of its error. */
const contextSizes: readonly RegExp[] = [
  /\d+ tokens? > (\d+)|\+ \d+ > (\d+)|: \d+ > (\d+)/i,
  /must be <= (\d+)|with (\d+) maximum context|length should be \[\d+, ?(\d+)\]/i,
  /(?:limit(?:ed)?|maximum|\bmax|cannot exceed|allowed|context[ _](?:length|window|size)|n_ctx)\b[^.\d]{0,48}?(?!2013\))(\d{3,8})\b/i,
];

export interface ContextComplaint {
  /** The context, where it is told. */
  contextTokensMax?: number | undefined;
}

/** Undefined when the refusal is about something else. */
export function readContextComplaint(status: number | undefined, text: string): ContextComplaint | undefined {
  const canBe = status === undefined || [400, 413, 422, 500].includes(status);
  const isOne = status === 413 || (canBe && contextComplaint.test(text)) || (status === 429 && neverFits.test(text));
  if (!isOne) return undefined;
  const plain = text.replace(/(\d),(?=\d{3}\b)/g, "$1");
  for (const pattern of contextSizes) {
    const size = Number(
      pattern
        .exec(plain)
        ?.slice(1)
        .find((digits) => digits !== undefined),
    );
    if (size > 0) return { contextTokensMax: size };
  }
  return {};
}
