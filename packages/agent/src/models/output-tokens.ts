// How long a reply may be: what the settings say, else what is sensible for the model, within its context.

/** A file or a long answer fits; most models take it, and those that do not say so and are asked for less. */
const outputTokensDefault = 8_192;
/** What a model thinks counts as output too. */
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

/** The longest reply that is asked for; a configured limit may take half of the context, any other a quarter. */
export function outputTokensOf({ model, contextTokensMax, outputTokensMax }: Sized, asked?: number): number {
  const wanted = outputTokensMax ?? (thinkingNames.test(model) ? outputTokensThinking : outputTokensDefault);
  const share = Math.floor(contextTokensMax / (outputTokensMax === undefined ? 4 : 2));
  return Math.max(1, Math.min(wanted, share, asked ?? Infinity));
}

/** What must be left for a reply: all of a short one, at least a sixteenth of the context of a long one. */
export function replyRoomOf(provider: Sized, asked?: number): number {
  const room = Math.max(replyTokensMin, Math.floor(provider.contextTokensMax / 16));
  return Math.min(outputTokensOf(provider, asked), room);
}

/** What a reply to this prompt may take. */
export function outputTokensFor(provider: Sized, call: { promptTokens: number; asked?: number | undefined }): number {
  const left = provider.contextTokensMax - call.promptTokens;
  return Math.max(1, Math.min(outputTokensOf(provider, call.asked), left));
}
