// Mends of servers and models that take no images, no audio or no files: what stands before such a part names it, so that the model knows of it.

import type { ChatBody, ChatMessage } from "./chat-body.ts";
import type { Mend, Refusal } from "./mend.ts";

/** What a message may carry beside text. */
export type Media = "image" | "audio" | "file";

const wireTypes: Record<Media, string> = { image: "image_url", audio: "input_audio", file: "file" };
const words: Record<Media, RegExp> = {
  image: /image|vision|multi-?modal|mmproj/i,
  audio: /audio|multi-?modal|mmproj/i,
  file: /\bfiles?\b|pdf|document|multi-?modal/i,
};

/** One thing is wrong with this one, others may be taken. */
const isBroken =
  /(invalid|unsupported|unknown|bad|corrupt|could not|cannot|failed to|unable to) (image|audio|file|pdf|process|decode|read|load)[\w ]{0,20}(data|format|type|media|url|image|audio|file|pdf)|too (large|big|small|many)|dimension|exceeds|at most [1-9]/i;
const isRefused =
  /not? (be )?(support|a multi-?modal|accept|enabl|allow|available)|n['’]t (support|accept)|unsupported|unknown variant|no endpoints found|only (supported|text)|text[- ]only|missing data required|mmproj|at most 0|must be a string|expected (a )?string|input should be a valid string|invalid content type|content type/i;

const once = "once";

function mediaMend(media: Media): Mend {
  const wireType = wireTypes[media];
  const isOfType = (part: { type?: unknown }) => part.type === wireType;
  return {
    id: mediaMendId(media),
    recognise: ({ text }: Refusal, body: ChatBody) => {
      if (!body.messages.some((message) => contentParts(message)?.some(isOfType))) return undefined;
      const isAbout = words[media].test(text) || /\bcontent\b/i.test(text);
      if (!isAbout) return undefined;
      if (isBroken.test(text) && words[media].test(text)) return once;
      return isRefused.test(text) ? "left out" : undefined;
    },
    apply: (body, setting) => ({
      ...body,
      messages: body.messages.map((message) => {
        const parts = contentParts(message);
        if (parts?.some(isOfType) !== true) return message;
        const named = `(The ${media} named above was attached, but ${setting === once ? "it could not be read" : `this model takes no ${plural(media)}`})`;
        return {
          ...message,
          content: joined(parts.map((part) => (isOfType(part) ? { type: "text", text: named } : part))),
        };
      }),
    }),
    isForOnce: (setting) => setting === once,
    tell: (setting) =>
      setting === once
        ? `asked without ${plural(media)}: the server could not read what was attached`
        : `asked without ${plural(media)}: this model or its server takes none`,
  };
}

export function mediaMendId(media: Media): string {
  return `without ${plural(media)}`;
}

function plural(media: Media): string {
  return media === "audio" ? media : `${media}s`;
}

interface ContentPart {
  type?: unknown;
  text?: unknown;
}

function contentParts({ content }: ChatMessage): ContentPart[] | undefined {
  return Array.isArray(content) ? (content as ContentPart[]) : undefined;
}

/** Servers that take no parts want a text. */
function joined(parts: ContentPart[]): unknown {
  if (parts.some(({ type }) => type !== "text")) return parts;
  return parts.map(({ text }) => String(text)).join("\n");
}

export const mediaMends: readonly Mend[] = [mediaMend("image"), mediaMend("audio"), mediaMend("file")];
