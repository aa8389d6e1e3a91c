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
  /** From 1. */
  line: number;
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

/** Words of a half of the day, before or after the time. */
const forenoon = ["am", "a.m.", "a. m.", "ص", "π.μ.", "오전", "上午", "午前", "凌晨", "清晨", "早上"];
const afternoon = ["pm", "p.m.", "p. m.", "م", "μ.μ.", "오후", "下午", "午後", "中午", "傍晚", "晚上"];
const half = `(${[...forenoon, ...afternoon].map((word) => RegExp.escape(word)).join("|")})?`;

/** Marks of direction may stand before each sign. A limited number: pieces that may be left out would share a long row of them in every way. */
const gap = String.raw`\u200e{0,2}`;
const pieces = [
  String.raw`\[?`,
  String.raw`(\d{1,4})`,
  "(?:[./-]|年|년) ?",
  String.raw`(\d{1,2})`,
  "(?:[./-]|月|월) ?",
  String.raw`(\d{1,4})`,
  String.raw`(?:日|일|\.| г\.)?[,،]? ?`,
  String.raw`(?:\p{Ll}{1,3}\.? )?`,
  `${half} ?`,
  String.raw`(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?`,
  ` ?${half}`,
  String.raw`(?:\] ?| [-–] |, )`,
];
/** `31.12.23, 14:05 - `, `[12/31/23, 2:05:07 PM] `, `2023. 12. 31. 오후 2:05, `, `31.12.2023 klo 14.05 - `. */
const head = new RegExp(`^${gap}${pieces.join(gap)}(.*)$`, "iu");
/** Noughts of the digits of Arabic, Persian, Hindi, Bengali and Thai. */
const noughts = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50];

/** Of the same length: digits as ours, spaces and marks of one kind. */
function plainSigns(text: string): string {
  return text
    .replaceAll(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59]/g, (digit) => {
      const code = digit.charCodeAt(0);
      return String(code - noughts.findLast((nought) => nought <= code)!);
    })
    .replaceAll(/[\u00a0\u202f]/g, " ")
    .replaceAll("\u200f", "\u200e");
}

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
  const impossible = lines.find(({ numbers }) => !isDay(numbers, order));
  if (impossible !== undefined)
    throw new RoostError(
      "invalid_input",
      `line ${impossible.line} has the date ${impossible.numbers.join("/")}, which is none when it is read ${order}: give another --date-order, or none`,
    );
  const senders = [...new Set(lines.map(({ sender }) => sender))];
  // Phones name the file "WhatsApp Chat with Ida" in their language.
  const title = senders.find((name) => options.title.endsWith(` ${name}`)) ?? options.title;
  const owner = ownerOf(senders, { ...options, title });
  const isGroup = senders.length > 2 || !senders.includes(title);
  const others = senders.filter((name) => name !== owner).map(toHandle);
  const seen = new Map<string, number>();
  const messages = lines.map((line): SourceMessage => {
    const sentAt = new Date(options.zone.instantOf(wallMsOf(line, order))).toISOString();
    // Exports overlap and name no ids: the same words of the same sender in the same moment are told apart by count.
    const hash = createHash("sha256")
      .update(JSON.stringify([title, sentAt, line.sender, line.text]))
      .digest("hex");
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    const isFromOwner = line.sender === owner;
    return {
      source: "whatsapp",
      externalId: `${hash.slice(0, 32)}-${count}`,
      conversation: { id: title, title, isGroup },
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
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const found = readHead(raw, index + 1);
    if (found === undefined) {
      const last = lines.at(-1);
      if (last !== undefined && !isNotice) last.text += `\n${raw}`;
      continue;
    }
    isNotice = found.sender === "" || (lines.length === 0 && ownNotice.test(found.text));
    if (isNotice) notices += 1;
    else lines.push(found);
  }
  for (const line of lines) line.text = line.text.trimEnd().replace(/ ?\u200e<[^<>]+>$/, "");
  return { lines, notices };
}

/** The first line of a chat, by which an iPhone tells that it is encrypted. */
const ownNotice = /^\u200e(?!<|\w+ omitted$)/;

/** Undefined: it goes on with the message before. Without a sender it is WhatsApp's own. */
function readHead(raw: string, line: number): ChatLine | undefined {
  const found = head.exec(plainSigns(raw));
  if (found === null) return undefined;
  const [, first = "", second = "", third = "", before, hour, minute, seconds, after, rest = ""] = found;
  const numbers: ChatLine["numbers"] = [first, second, third];
  if (!isDay(numbers, "day-first") && !isDay(numbers, "month-first")) return undefined;
  const halfOfDay = (before ?? after)?.toLowerCase();
  const hours = Number(hour) % (halfOfDay === undefined ? 24 : 12);
  const [, sender = "", text = ""] = /^\u200e?([^:]{1,80}?) ?: ?(.*)$/s.exec(raw.slice(raw.length - rest.length)) ?? [];
  return {
    line,
    numbers,
    time: {
      hour: halfOfDay !== undefined && afternoon.includes(halfOfDay) ? hours + 12 : hours,
      minute: Number(minute),
      second: Number(seconds ?? 0),
    },
    // `Ida named the group "Rome: in May"` is said by nobody.
    sender: /["“”„«»「」]/.test(sender)
      ? ""
      : sender.replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069~]/g, "").trim(),
    text,
  };
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

function dayOf(
  [first, second, third]: ChatLine["numbers"],
  order: DateOrder,
): [year: number, month: number, day: number] {
  const isYearFirst = first.length === 4;
  const [month, day] = isYearFirst ? [second, third] : order === "day-first" ? [second, first] : [first, second];
  const year = Number(isYearFirst ? first : third);
  return [year < 100 ? 2000 + year : year, Number(month), Number(day)];
}

function isDay(numbers: ChatLine["numbers"], order: DateOrder): boolean {
  const [year, month, day] = dayOf(numbers, order);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function wallMsOf({ numbers, time }: Pick<ChatLine, "numbers" | "time">, order: DateOrder): number {
  const [year, month, day] = dayOf(numbers, order);
  return Date.UTC(year, month - 1, day, time.hour, time.minute, time.second);
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
