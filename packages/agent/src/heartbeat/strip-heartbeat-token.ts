// Whether a heartbeat's reply is to be delivered. The rules match existing homes, so that a HEARTBEAT.md written for them keeps its meaning.

/** What an agent replies when nothing needs attention. */
export const heartbeatToken = "HEARTBEAT_OK";
/** Next to the token, a remark of at most this many characters is an acknowledgement and not delivered. */
export const ackCharsMaxDefault = 300;

export interface StrippedReply {
  /** False: nothing is left to deliver. */
  shouldDeliver: boolean;
  /** What to deliver; empty when nothing is. */
  text: string;
  hadToken: boolean;
}

const trailingToken = new RegExp(`${heartbeatToken}[^\\w]{0,4}$`);
const edgeMarkup = /^[*`~_]+|[*`~_]+$/g;

/**
 * Removes the token at the start of a reply, repeatedly, or at the end with at most four non-word characters after it. In the middle it stays. In
 * `heartbeat` mode a short remainder is dropped; in `message` mode only an empty one is.
 */
export function stripHeartbeatToken(
  reply: string,
  options: { mode: "heartbeat" | "message"; ackCharsMax?: number },
): StrippedReply {
  const ackCharsMax = options.ackCharsMax ?? ackCharsMaxDefault;
  const text = reply.trim();
  const plain = withoutMarkup(text);
  const fromText = stripEdges(text);
  // Markup around the token hides it from the ends of the text.
  const { rest, hadToken } = fromText.hadToken && fromText.rest !== "" ? fromText : stripEdges(plain);
  if (!hadToken) return { shouldDeliver: text !== "", text, hadToken: false };
  const left = withoutDanglingMarkup(rest);
  const isAcknowledgement = options.mode === "heartbeat" && left.length <= ackCharsMax;
  if (left === "" || isAcknowledgement) return { shouldDeliver: false, text: "", hadToken: true };
  return { shouldDeliver: true, text: left, hadToken: true };
}

function stripEdges(text: string): { rest: string; hadToken: boolean } {
  let rest = text.trim();
  let hadToken = false;
  for (;;) {
    if (rest.startsWith(heartbeatToken)) {
      rest = rest.slice(heartbeatToken.length).trim();
    } else if (trailingToken.test(rest)) {
      const at = rest.lastIndexOf(heartbeatToken);
      rest = (rest.slice(0, at).trimEnd() + rest.slice(at + heartbeatToken.length).trim()).trim();
    } else {
      return { rest, hadToken };
    }
    hadToken = true;
  }
}

function withoutMarkup(text: string): string {
  return text
    .replace(/<[^<>]*>/g, " ")
    .replace(/&nbsp;/gi, " ")
    .trim()
    .replace(edgeMarkup, "")
    .trim();
}

/** `**HEARTBEAT_OK** fine` leaves `** fine`: unpaired marks, or punctuation alone, mean nothing. */
function withoutDanglingMarkup(text: string): string {
  const rest = text
    .replace(/^(?:[*`~_]+|[.:,;!-]+)(?=\s|$)/, "")
    .replace(/(?<=^|\s)[*`~_]+$/, "")
    .trim();
  return /^[\s*`~_.:,;!-]*$/.test(rest) ? "" : rest;
}

/** The default prompt of a heartbeat. */
export const heartbeatPromptDefault = `This is a heartbeat. If there is a HEARTBEAT.md among your files, do what it says and nothing else; do not take up tasks of earlier conversations again. When nothing needs attention, answer with ${heartbeatToken} alone.`;
