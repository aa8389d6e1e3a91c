/**
 * Builds the records of one conversation from what another program kept of it. Labels: what the person said is theirs; what a tool gave is from
 * outside, because its text was not kept; what the model said after it, in the same turn, rests on it.
 */
import type { HomeRecordGiven, MessageRecord } from "@roost/contract/operations";
import { clipText, nameCharsMax, sessionKeyCharsMax, textCharsMax } from "@roost/contract/operations";
import { formatLabels, joinLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import { idOf, recordOf, refusedAs, type Found } from "./found.ts";
import type { Picture } from "./take-pictures.ts";

export interface ConversationGiven {
  /** `openclaw`, `claude-code`, `codex`: the sources of its labels, and the beginning of its names. */
  program: string;
  /** Names it there: the same at each import, wherever the folder lies. */
  name: string;
  key: string;
  sessionKind: "main" | "cron" | "heartbeat" | "subagent" | "channel";
  agent: string;
  title: string | undefined;
  createdAt: string;
  beginsAt?: number;
  kept?: Record<string, unknown> | undefined;
}

type Place = "told" | "asked" | "answered";

export interface SaidThere {
  /** Its id there. */
  entryId: string;
  place: Place;
  role: MessageRecord["role"];
  text: string;
  /** Beside role and text: tool calls and the like. */
  content?: Record<string, unknown>;
  at: string | undefined;
  /** A tool's result: it came from outside. */
  isOutside?: boolean;
  isTakenBack?: boolean;
  /** Of a summary: it stands for everything up to this entry. */
  throughEntryId?: string | undefined;
  kept?: Record<string, unknown> | undefined;
  pictures?: readonly Picture[] | undefined;
}

export interface MovedConversation {
  session(): Found;
  say(message: SaidThere): Found;
  /** The number of the next turn, for a reset. */
  readonly nextSeq: number;
}

export function createMovedConversation(given: ConversationGiven): MovedConversation {
  const { program, name, sessionKind } = given;
  const key = clipText(given.key.replaceAll(/[\p{C}\s]+/gu, " "), sessionKeyCharsMax);
  const first: Labels = {
    audiences: sessionKind === "channel" ? [`session:${encodeURIComponent(key).slice(0, 200)}`] : ["main"],
    trust: "owner",
    sources: [],
  };
  const said = sessionKind === "channel" ? joinLabels(first, untrustedFrom("channel", key)) : first;
  const outside = joinLabels(said, untrustedFrom("import", program));
  // A job there may have read anything; nothing says what.
  const answered = sessionKind === "main" ? joinLabels(said, { ...first, trust: "agent" }) : outside;
  const turnOf = new Map<string, string>();
  let seq = 0;
  let turnId: string | undefined;
  let isMarked = false;
  let lastAt = given.createdAt;
  return {
    get nextSeq() {
      return seq + 1;
    },
    session: () => recordOf(sessionRecord(given, key)),
    say(message) {
      const { entryId, place, role, isOutside = false } = message;
      // A message has its id from its name: the second of a name would count as come.
      if (turnOf.has(entryId))
        return refusedAs(`${name} ${entryId}`, "an earlier message of this conversation has its id");
      const id = idOf(program, name, entryId);
      seq += 1;
      if (place !== "answered" || turnId === undefined) {
        turnId = id;
        isMarked = false;
      }
      if (isOutside) isMarked = true;
      turnOf.set(entryId, turnId);
      const labels = isMarked ? outside : place === "answered" ? answered : said;
      const text = clipText(message.text.toWellFormed(), textCharsMax);
      const isClipped = text.length < message.text.length;
      lastAt = message.at ?? lastAt;
      const record = {
        kind: "message",
        ref: `${name} ${entryId}`,
        id,
        sessionKey: key,
        seq,
        turnId,
        place,
        role,
        text,
        content: { role: contentRole(role, message), text, ...message.content },
        labels: formatLabels(labels),
        at: lastAt,
        source: program,
        throughTurnId: message.throughEntryId === undefined ? null : (turnOf.get(message.throughEntryId) ?? null),
        isTakenBack: message.isTakenBack ?? false,
        kept:
          message.kept !== undefined || isClipped
            ? {
                ...message.kept,
                ...(isClipped && { text: message.text.slice(textCharsMax, textCharsMax + 900_000) }),
              }
            : undefined,
      } satisfies HomeRecordGiven;
      return { found: "record", record, pictures: message.pictures };
    },
  };
}

function sessionRecord({ name, sessionKind, agent, title, createdAt, beginsAt, kept }: ConversationGiven, key: string) {
  const shown = title?.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return {
    kind: "session" as const,
    ref: `session ${name}`,
    key,
    sessionKind,
    agent,
    title: shown === undefined ? null : clipText(shown || name, nameCharsMax),
    createdAt,
    beginsAt: beginsAt ?? 1,
    kept,
  };
}

function contentRole(role: SaidThere["role"], { throughEntryId }: SaidThere): string {
  if (throughEntryId !== undefined) return "summary";
  return role === "system" ? "user" : role;
}

/** ISO 8601 in UTC, or undefined. Numbers are ms since 1970, small ones seconds. */
export function timeOf(value: unknown): string | undefined {
  const ms = typeof value === "number" ? (value < 1e11 ? value * 1000 : value) : Date.parse(String(value ?? ""));
  if (!Number.isFinite(ms) || ms < 0 || ms > 253_402_300_799_000) return undefined;
  return new Date(ms).toISOString();
}
