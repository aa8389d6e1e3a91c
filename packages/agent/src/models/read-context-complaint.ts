/** A prompt that is too long, in the words of every server that is known. */
const contextComplaint = new RegExp(
  [
    String.raw`context[ _-]?(length|window|size|limit)|(maximum|model's) context|n_ctx|exceed_context_size`,
    String.raw`(prompt|input)\b[^.,;]{0,30} too long|prompt exceeds|too many (input )?tokens|tokens in (the )?(request|prompt)`,
    String.raw`reduce (the length of )?(the|your) (messages?|message size|prompt|input)`,
    String.raw`(input|prompt|token) (tokens?|count|length)\b[^.]{0,40}(exceeds?|greater|longer|more than|should be|>)`,
    String.raw`(longer|larger|greater) than the (maximum )?(model|context)|exceeded model token limit|maximum prompt length`,
    String.raw`exceeds? (the )?(maximum|model's max|max message)[^.]{0,30}(tokens?|input)\b|\x60inputs\x60 (tokens|must have less)|(body|request) too large`,
    // No room is left for a reply.
    String.raw`max_seq_len|max_(completion_)?tokens must be at least 1, got -|上下文长度|输入.{0,8}(过长|超过|超出)`,
  ].join("|"),
  "i",
);
/** A request that is larger than what a minute allows never fits. */
const neverFits = /request too large|tokens_limit_reached/i;

/** Where the size stands, the most specific first. MiniMax's 2013 is the number of its error. */
const contextSizes: readonly RegExp[] = [
  /n_ctx: ?(\d+)|\bmax_seq_len\W{1,4}(\d+)|context window limit \((\d+)\)|must have less than (\d+) tokens/i,
  /\d+(?: tokens?)? > (\d+)/i,
  /(?:长度|限制|上限)\D{0,6}?(\d{3,8})/,
  /must be <= (\d+)|with (\d+) maximum context|length should be \[\d+, ?(\d+)\]/i,
  /(?:limit(?:ed)?|maximum|\bmax|cannot exceed|allowed|context[ _](?:length|window|size)|n_ctx)\b[^.\d]{0,48}?(?<!\bby )(?!2013\))(\d{3,8})\b/i,
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
