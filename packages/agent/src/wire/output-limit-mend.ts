// The output limit: the field name and number that a server takes. A number that depends on this prompt or on the current credit applies to one
// request only.

import type { ChatBody } from "./chat-body.ts";
import type { Mend } from "./mend.ts";

export const outputNameId = "name of the output limit";
const names = ["max_tokens", "max_completion_tokens"] as const;

/** A shorter reply is useless: the prompt is too long instead. */
const outputTokensMin = 256;
/** Fewer tokens of credit count as none. */
const affordableTokensMin = 64;
/** Servers add a few tokens of their own. */
const countingSlackTokens = 16;

const isTooLarge =
  /too (large|big|high|long|many)|at most|less than|greater|larger|exceed|maximum|range|up to|must be (<|≤|below)|limit|非法|超过|超出/i;
const isRefusedName =
  /not (be )?(support|permit|allow|recogni[sz]|accept|known)|unsupported|unrecogni[sz]ed|unknown|unexpected|extra (input|field)|additional propert|deprecated|instead|invalid parameter/i;

/** `max_tokens`, else `max_completion_tokens`, else no limit at all. */
export const outputNameMend: Mend = {
  id: outputNameId,
  recognise: ({ text }, body) => {
    const used = names.find((name) => body[name] !== undefined);
    if (used === undefined || !new RegExp(`\\b${used}\\b`).test(text) || !isRefusedName.test(text)) return undefined;
    const other = names.find((name) => name !== used)!;
    const isNamedForIt = new RegExp(`use ['"\`]?${other}|${other}['"\`]? instead`, "i").test(text);
    if (!isNamedForIt && isTooLarge.test(text)) return undefined;
    // max_tokens is tried first, except at OpenAI itself; when both are refused there is no other.
    return used === "max_tokens" || isNamedForIt ? other : "none";
  },
  apply: (body, setting) => {
    const limit = names.map((name) => body[name]).find((value) => value !== undefined);
    const { max_tokens: _one, max_completion_tokens: _other, ...rest } = body;
    const isNamed = limit !== undefined && setting !== "none";
    return isNamed ? { ...rest, [setting]: limit } : rest;
  },
  tell: (setting) => (setting === "none" ? "asked without an output limit" : `asked with ${setting}`),
};

/** A limit of the model is remembered as a number, one for this request as a text. */
export const outputLimitMend: Mend = {
  id: "output limit",
  recognise: ({ status, text }, body) => {
    const asked = limitOf(body);
    if (asked === undefined) return undefined;
    const credit = number(/(?:can )?only (?:be able to )?afford\D{0,20}(\d[\d,]*)/i.exec(text)?.[1]);
    if (credit !== undefined)
      return credit >= affordableTokensMin && credit < asked ? String(credit - Math.ceil(credit / 100)) : undefined;
    if (status === 402) return undefined;
    const room = roomIn(text.split("\n")[0] ?? "", asked) ?? roomIn(text, asked);
    if (room !== undefined) {
      const fitting = room - countingSlackTokens;
      return fitting >= outputTokensMin && fitting < asked ? String(fitting) : undefined;
    }
    if (
      !/max(imum)?[_ ](completion_|new_|output_)?tokens|maxOutputTokens|(output|completion|generated) tokens/i.test(
        text,
      )
    )
      return undefined;
    if (!isTooLarge.test(text)) return undefined;
    const exclusive = number(/(\d+) \(exclusive\)/i.exec(text)?.[1]);
    if (exclusive !== undefined && exclusive - 1 < asked) return exclusive - 1;
    const named = [...withoutDates(text).matchAll(/(?<![\w.-])\d{2,7}(?![\w-])/g)].map(([digits]) => Number(digits));
    const fitting = named.filter((value) => value >= affordableTokensMin && value < asked);
    if (fitting.length > 0) return Math.max(...fitting);
    const half = Math.floor(asked / 2);
    return half >= outputTokensMin ? half : undefined;
  },
  apply: (body, setting) => {
    const limited = { ...body };
    for (const name of names) if (typeof body[name] === "number") limited[name] = Math.min(body[name], Number(setting));
    return limited;
  },
  isForOnce: (setting) => typeof setting === "string",
  tell: (setting) => `asked for at most ${setting} tokens, which is what the server takes`,
};

function limitOf(body: ChatBody): number | undefined {
  const limit = names.map((name) => body[name]).find((value) => typeof value === "number");
  return typeof limit === "number" ? limit : undefined;
}

/** What the server's stated context leaves for a reply, given its count of the input; undefined when it does not state both. */
function roomIn(text: string, asked: number): number | undefined {
  const total = /(?:input and (?:maximum )?output tokens|max_total_tokens)\W{0,4}(\d+)\D{1,60}(\d+)/i.exec(text);
  if (total !== null) return asked - (Number(total[1]) - Number(total[2]));
  const sum = /(\d+) \+ (\d+) > (\d+)/.exec(text);
  if (sum !== null) return Number(sum[3]) - Number(sum[1]);
  const given = /must be <= (\d+)\. Given: (\d+) `?inputs`? tokens/i.exec(text);
  if (given !== null) return Number(given[1]) - Number(given[2]);
  const context = number(
    /(?:maximum |model'?s? )?context (?:length|window|size|limit)[^.\d]{0,40}?(\d[\d,]{2,8})/i.exec(text)?.[1],
  );
  if (context === undefined) return undefined;
  const inputs = [
    ...text.matchAll(
      /(\d[\d,]*) (?:tokens )?(?:in (?:the|your) (?:messages|prompt|input)|of (?:text|tool|image|audio) input|(?:text |prompt |input )+tokens|from the (?:input|messages|prompt)|tokens? for the prompt)/gi,
    ),
  ].map(([, digits]) => number(digits) ?? 0);
  return inputs.length === 0 ? undefined : context - inputs.reduce((total, count) => total + count, 0);
}

/** Model names carry dates and versions. */
function withoutDates(text: string): string {
  return text.replace(/\b[\w./:-]*\d{4}-\d{2}-\d{2}[\w./:-]*/g, " ");
}

function number(digits: string | undefined): number | undefined {
  const value = Number(digits?.replaceAll(",", "") ?? NaN);
  return Number.isFinite(value) ? value : undefined;
}
