/** What a test sees and does on the other side of a channel: people who write, press buttons and read. */
import type { Channel } from "../channel.ts";

export interface ChannelWorld extends AsyncDisposable {
  /** Roost's account, as a new process would open it. */
  open(): Channel;
  account: { id: string; name: string };
  /** A user writes; returns the number of the message. */
  say(message: SaidMessage): string;
  /** A user presses a button of a message that Roost sent. */
  press(press: { chat: string; by?: string; ref: string; button: number }): void;
  /** Messages of Roost in a chat, as they stand now. */
  shown(chat: string): ShownMessage[];
  /** What was shown to those who pressed buttons. */
  pressAnswers: string[];
  /** Takes the next message of Roost, and loses the answer, or says that it failed. */
  loseNext(how?: "silent" | "failed"): void;
  /** Refuses the next requests that write, and says when to come again. */
  limitNext(count: number, seconds: number): void;
}

export interface SaidMessage {
  /** A private chat has the id of its person. */
  chat: string;
  /** Default: the person of the private chat. */
  by?: string;
  isGroup?: boolean;
  text?: string;
  isForwarded?: boolean;
  /** The message that it answers. */
  replyTo?: string;
  /** Names Roost's account. */
  isMention?: boolean;
  file?: { name: string; mediaType: string; bytes: Uint8Array<ArrayBuffer>; kind: "voice" | "photo" | "document" };
  album?: string;
}

export interface ShownMessage {
  ref: string;
  text: string;
  buttons: string[];
  editCount: number;
  /** The message that it answers. */
  replyTo?: string;
  file?: { name: string; mediaType: string; bytes: Uint8Array };
}
