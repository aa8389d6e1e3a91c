// The output limit: by the settings, else sensible for the model, within its context.

/** Enough for a file or a long answer; most models take it, and a refusal is answered by asking for less. */
const outputTokensDefault = 8_192;
/** A model's thinking counts as output. */
const outputTokensThinking = 16_384;
const thinkingNames =
  /\b(gpt-5|gpt-oss|o[1-9]\b|deepseek-(r|reason|v[4-9])|qwq|kimi-k2|magistral|think|reason)|[-_]r1\b/i;
/** A prompt that leaves less than this for the reply does not fit. */
const replyTokensMin = 512;

interface Sized {
  model: string;
  contextTokensMax: number;
  outputTokensMax?: number | undefined;
}

/** The output limit; a configured one may take half of the context, a default one a quarter. */
export function outputTokensOf({ model, contextTokensMax, outputTokensMax }: Sized, asked?: number): number {
  const wanted = outputTokensMax ?? (thinkingNames.test(model) ? outputTokensThinking : outputTokensDefault);
  const share = Math.floor(contextTokensMax / (outputTokensMax === undefined ? 4 : 2));
  return Math.max(1, Math.min(wanted, share, asked ?? Infinity));
}

/** Room that must be left for a reply: a short one whole, for a long one at least a sixteenth of the context. */
export function replyRoomOf(provider: Sized, asked?: number): number {
  const room = Math.max(replyTokensMin, Math.floor(provider.contextTokensMax / 16));
  return Math.min(outputTokensOf(provider, asked), room);
}

/** Output limit for this prompt. */
export function outputTokensFor(provider: Sized, call: { promptTokens: number; asked?: number | undefined }): number {
  const left = provider.contextTokensMax - call.promptTokens;
  return Math.max(1, Math.min(outputTokensOf(provider, call.asked), left));
}
