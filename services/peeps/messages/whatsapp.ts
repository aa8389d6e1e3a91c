/**
 * A chat that WhatsApp exported as text (`_chat.txt`, `WhatsApp Chat with ….txt`): one message a line, in the date format
 * of the phone, which the file does not name. The order of day and month is inferred from the whole file, by numbers past
 * 12 and by time going forward; a file that leaves it open is refused. Moments are local, so the zone has to be given.
 */
import { createHash } from "node:crypto";
import { RoostError, type TimeZone } from "@roost/base";
import { inferDateOrder, type DateOrder } from "../contacts/date-order.ts";
import type { SourceHandle, SourceMessage } from "./source-message.ts";

export interface WhatsAppOptions {
  zone: TimeZone;
  /** The name of the chat: the other person, or the group. From the file's name. */
  title: string;
  /** As the export calls the owner; left out: the sender who is not the title, in a chat of two. */
  ownerName?: string | undefined;
  /** Where the file leaves it open. */
  dateOrder?: DateOrder | undefined;
}

interface ChatLine {
  numbers: [string, string, string];
  time: { hour: number; minute: number; second: number };
  sender: string;
  text: string;
}

export interface WhatsAppChat {
  messages: SourceMessage[];
  /** Lines of WhatsApp itself: who joined, that messages are encrypted. */
  notices: number;
}

const head =
  /^\u200e?\[?(\d{1,4})[./-](\d{1,2})[./-](\d{1,4}),?\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?\s?m\.?)?(?:\]\s*|\s+[-–]\s+)\u200e?(.*)$/i;

/**
 * @throws RoostError `invalid_input`: it is no such export, dates may be read both ways, or nothing says who the owner
 * is. The message says what to give.
 */
export function readWhatsApp(text: string, options: WhatsAppOptions): WhatsAppChat {
  const { lines, notices } = splitLines(text);
  if (lines.length === 0)
    throw new RoostError(
      "invalid_input",
      "this is not a WhatsApp chat export: no line begins with a date, a time and a sender",
    );
  const order = options.dateOrder ?? orderOf(lines);
  const senders = [...new Set(lines.map(({ sender }) => sender))];
  const owner = ownerOf(senders, options);
  const isGroup = senders.length > 2 || !senders.some((name) => name === options.title);
  const others = senders.filter((name) => name !== owner).map(toHandle);
  const seen = new Map<string, number>();
  const messages = lines.map((line): SourceMessage => {
    const sentAt = new Date(options.zone.instantOf(wallMsOf(line, order))).toISOString();
    // Exports overlap and name no ids: the same words of the same sender in the same moment are told apart by count.
    const hash = createHash("sha256")
      .update(JSON.stringify([options.title, sentAt, line.sender, line.text]))
      .digest("hex");
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    const isFromOwner = line.sender === owner;
    return {
      source: "whatsapp",
      externalId: `${hash.slice(0, 32)}-${count}`,
      conversation: { id: options.title, title: options.title, isGroup },
      isFromOwner,
      sender: isFromOwner ? undefined : toHandle(line.sender),
      participants: others,
      sentAt,
      ...readText(line.text),
    };
  });
  return { messages, notices };
}

function splitLines(text: string): { lines: ChatLine[]; notices: number } {
  const lines: ChatLine[] = [];
  let notices = 0;
  let isNotice = true;
  for (const raw of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)) {
    const found = head.exec(raw.replaceAll(/[\u00a0\u202f]/g, " "));
    if (found === null) {
      const last = lines.at(-1);
      if (last !== undefined && !isNotice) last.text += `\n${raw}`;
      continue;
    }
    const [, first = "", second = "", third = "", hour, minute, seconds, half, rest = ""] = found;
    const [, sender, said] = /^([^:]{1,80}): ?(.*)$/s.exec(rest) ?? [];
    isNotice = sender === undefined;
    if (sender === undefined || said === undefined) {
      notices += 1;
      continue;
    }
    const hours = (Number(hour) % (half === undefined ? 24 : 12)) + (half?.toLowerCase() === "p" ? 12 : 0);
    lines.push({
      numbers: [first, second, third],
      time: { hour: hours, minute: Number(minute), second: Number(seconds ?? 0) },
      sender: sender.replaceAll(/[\u200e\u202a-\u202c~]/g, "").trim(),
      text: said,
    });
  }
  for (const line of lines) line.text = line.text.trimEnd();
  return { lines, notices };
}

/** Year first is never ambiguous. Otherwise numbers past 12 say it, and then that a chat goes forward in time. */
function orderOf(lines: readonly ChatLine[]): DateOrder {
  if (lines.every(({ numbers: [first] }) => first.length === 4)) return "month-first";
  const byNumbers = inferDateOrder(lines.map(({ numbers: [first, second] }) => [Number(first), Number(second)]));
  if (byNumbers !== undefined) return byNumbers;
  const isForward = (order: DateOrder): boolean => {
    const days = lines.map((line) => wallMsOf({ ...line, time: { hour: 0, minute: 0, second: 0 } }, order));
    return days.every((day, index) => index === 0 || day >= (days[index - 1] ?? day));
  };
  const [dayFirst, monthFirst] = [isForward("day-first"), isForward("month-first")];
  const days = new Set(lines.map(({ numbers }) => numbers.join("/")));
  const isSame = [...days].every((day) => day.split("/")[0] === day.split("/")[1]);
  if (dayFirst !== monthFirst || isSame) return dayFirst ? "day-first" : "month-first";
  const example = lines[0]?.numbers.join("/") ?? "";
  throw new RoostError(
    "invalid_input",
    `dates such as ${example} may be read day first or month first, and nothing in this chat says which: give --date-order day-first or month-first`,
  );
}

function wallMsOf({ numbers: [first, second, third], time }: ChatLine, order: DateOrder): number {
  const isYearFirst = first.length === 4;
  const year = Number(isYearFirst ? first : third);
  const month = Number(isYearFirst ? second : order === "day-first" ? second : first);
  const day = Number(isYearFirst ? third : order === "day-first" ? first : second);
  return Date.UTC(year < 100 ? 2000 + year : year, month - 1, day, time.hour, time.minute, time.second);
}

function ownerOf(senders: readonly string[], { ownerName, title }: WhatsAppOptions): string | undefined {
  if (ownerName !== undefined) return ownerName;
  const others = senders.filter((name) => name !== title);
  if (senders.length <= 2 && senders.includes(title)) return others[0];
  throw new RoostError(
    "invalid_input",
    `which of them are you? Give --me with one of: ${senders.slice(0, 20).join(", ")}${senders.length > 20 ? ", …" : ""}`,
  );
}

/** People who are not in the phone's book stand by their number. */
function toHandle(name: string): SourceHandle {
  return /^\+?[\d ()-]{6,20}$/.test(name) ? { kind: "phone", value: name } : { kind: "username", value: name, name };
}

function readText(text: string): Pick<SourceMessage, "text" | "attachments" | "isDeleted"> {
  const attached = /^\u200e?(?:<attached: (.+?)>|(\S.{0,200}\.\w{2,5}) \([^)]{3,40}\))(?:\n([^]*))?$/.exec(text);
  const name = attached?.[1] ?? attached?.[2];
  const isDeleted = /^\u200e?(?:this message was deleted|you deleted this message)\.?$/i.test(text);
  if (name !== undefined) return { text: attached?.[3] ?? "", attachments: [{ name }], isDeleted };
  const isOmitted = /^\u200e?(?:<[^<>]{3,40}>|\w+ omitted)$/.test(text);
  return { text: isOmitted || isDeleted ? "" : text, attachments: isOmitted ? [{}] : [], isDeleted };
}
