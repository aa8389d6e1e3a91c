import { byRoost } from "@roost/agent";
import type { ContextMessage, MessagePlace } from "./message.ts";

/** As Roost's remarks begin, also behind what nobody sees; messages that follow each other are shown to a model as one. */
const claim = new RegExp(`^([\\t\\p{Z}\\p{Cf}]*)\\[[\\p{Z}\\p{Cf}]*${byRoost}[\\p{Z}\\p{Cf}]*\\]`, "gimu");

/** A message of a transcript with its speaker, by its place there: a person can write what looks like a remark of Roost's, and is still the person. */
export function withSpeaker<Message extends ContextMessage>(content: Message, place: MessagePlace): Message {
  if (content.role !== "user" || content.from !== undefined) return content;
  if (place === "told") return { ...content, from: byRoost };
  const text = content.text.replaceAll(claim, `$1[person] [${byRoost}]`);
  return text === content.text ? content : { ...content, text };
}
