/** Keys of sessions there, and what they are here. */
import type { ConversationGiven } from "../found/moved-conversation.ts";

type SessionKind = ConversationGiven["sessionKind"];

export interface KeyHere {
  key: string;
  sessionKind: SessionKind;
  title: string;
}

/** `agent:main:telegram:group:42` → a channel. Of another person's conversations nothing says whose they are: they count as a channel. */
export function toKeyHere(agentId: string, keyThere: string, earlier?: string): KeyHere {
  const rest = keyThere.startsWith(`agent:${agentId}:`) ? keyThere.slice(`agent:${agentId}:`.length) : keyThere;
  const sessionKind = kindOf(rest);
  const prefix = sessionKind === "main" ? "" : `${sessionKind}:`;
  const tail = earlier === undefined ? "" : `:${earlier}`;
  const short = rest.slice(0, 100);
  return {
    key: `${prefix}openclaw:${agentId}:${short}${tail}`,
    sessionKind,
    title: `${rest} of ${agentId} (OpenClaw)${earlier === undefined ? "" : ", earlier"}`,
  };
}

function kindOf(rest: string): SessionKind {
  if (rest.startsWith("cron:")) return "cron";
  if (rest.startsWith("subagent:")) return "subagent";
  if (/^heartbeat\b/.test(rest) || rest.endsWith(":heartbeat")) return "heartbeat";
  return rest === "main" || /^(?:main|explicit|dashboard|tui|webchat|talk)\b/.test(rest) || !rest.includes(":")
    ? "main"
    : "channel";
}
